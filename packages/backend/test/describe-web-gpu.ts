import { softwareVulkan } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe } from 'vitest'

import { useWebGpu } from '@audiotag/backend'

/** A suite on webgpu, with cpu registered to compare with; where there is no adapter it is left out, and one printed line says why. */
export function describeWebGpu(name: string, suite: () => void): void {
  describe(name, async () => {
    softwareVulkan()
    tf.enableProdMode()
    await import('@tensorflow/tfjs-backend-cpu')
    await import('@tensorflow/tfjs-layers') // registers the gradients of tfjs-core
    try {
      await useWebGpu()
    } catch (error) {
      process.stdout.write(`webgpu, ${name}: left out, ${(error as Error).message}\n`)
      describe.skip('on webgpu', suite)
      return
    }
    beforeAll(async () => void (await useWebGpu()))
    suite()
  })
}
