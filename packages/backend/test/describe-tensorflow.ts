import { beforeAll, describe } from 'vitest'
import * as tf from '@tensorflow/tfjs-core'

import { useTensorFlow } from '@audiotag/backend'

/** Registers a suite that runs on TensorFlow; where there is none it is skipped, with one printed line that says why. */
export async function describeTensorFlow(title: string, fn: () => void): Promise<void> {
  tf.enableProdMode() // no advert for tfjs-node
  try {
    await useTensorFlow({ device: 'cpu' })
  } catch (error) {
    process.stdout.write(`${title}: skipped. ${(error as Error).message}\n`)
    describe.skip(title, fn)
    return
  }
  describe(title, () => {
    beforeAll(() => useTensorFlow())
    fn()
  })
}
