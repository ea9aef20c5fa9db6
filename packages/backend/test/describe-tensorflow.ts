import { beforeAll, describe } from 'vitest'
import * as tf from '@tensorflow/tfjs-core'

import { useTensorFlow } from '@audiotag/backend'

/** Whether AUDIOTAG_TEST_DEVICE, 'cpu' by default, has TensorFlow compute on a GPU. */
export const onGpu = process.env['AUDIOTAG_TEST_DEVICE'] === 'gpu'

/** Registers a suite that runs on TensorFlow; where there is none it is skipped, with one printed line that says why. On a GPU that was asked for it must run. */
export async function describeTensorFlow(title: string, fn: () => void): Promise<void> {
  tf.enableProdMode() // no advert for tfjs-node
  try {
    await useTensorFlow({ device: onGpu ? 'gpu' : 'cpu' })
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
