import { testDevice } from '@audiotag/testkit'
import { beforeAll, describe } from 'vitest'
import * as tf from '@tensorflow/tfjs-core'

import { useTensorFlow } from '@audiotag/backend'

export const onGpu = testDevice === 'gpu'

/** Registers a suite that runs on TensorFlow; where there is none it is skipped, with one printed line that says why. On a GPU that was asked for it must run. */
export async function describeTensorFlow(title: string, fn: () => void): Promise<void> {
  tf.enableProdMode() // no advert for tfjs-node
  try {
    await useTensorFlow({ device: testDevice })
  } catch (error) {
    if (onGpu) throw error
    process.stdout.write(`${title}: skipped. ${(error as Error).message}\n`)
    describe.skip(title, fn)
    return
  }
  describe(title, () => {
    beforeAll(() => useTensorFlow())
    fn()
  })
}
