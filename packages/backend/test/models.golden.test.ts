import { expectNoLeaks } from '@audiotag/testkit'
import { beforeAll, describe, test } from 'vitest'

import { useWasm } from '@audiotag/backend'

import { expectEvaluation as expectLogits, goldenNet } from '../../models/test/golden-net.js'
import {
  expectCurves,
  expectEvaluation,
  expectGradients,
  expectState,
  expectWholeRun,
  goldenRun,
  rerun,
} from '../../train/test/golden-run.js'
import { describeTensorFlow } from './describe-tensorflow.js'

/**
 * Whole training steps against PyTorch in float64 (packages/train/test/golden), within the tolerances as they are: four times what PyTorch's own float32
 * kernels miss by.
 */
describe('training on wasm', () => {
  beforeAll(() => useWasm({ threads: 1 }))

  test.each(['resnet34-w8-three-streams', 'resnet34-w8-three-streams-bounded'])(
    '%s: losses, gradients, weights and logits of one step are those of PyTorch',
    async (name) => {
      await expectNoLeaks(async () => {
        const run = goldenRun(name)
        const { curves, gradients, model, dispose } = await rerun(run)
        expectCurves(run, curves, 1)
        expectGradients(run, gradients)
        await expectState(run, model, 1)
        await expectEvaluation(run, model, 1)
        dispose()
      })
    },
    60_000,
  )

  test.each(['resnet34-w8-sgd', 'resnet34-w8-adam', 'resnet34-w8-adam-1e-3', 'envnet-w8-sgd', 'envnet-w8-sgd-kl', 'envnet-w8-sgd-1e-1'])(
    '%s: the whole run is that of PyTorch',
    (name) => expectWholeRun(name),
    120_000,
  )
})

/** Full width, in eval mode: the golden values of packages/models/test/golden, within the tolerances as they are. */
describe('full width on wasm', () => {
  beforeAll(() => useWasm({ threads: 1 }))

  test.each(['resnet34', 'envnet'])('logits of %s are those of PyTorch', async (id) => expectLogits(goldenNet(id)), 120_000)
})

/** Training steps on TensorFlow: packages/train/test/runs-own-kernels.golden.test.ts. */
await describeTensorFlow('full width on TensorFlow', () => {
  test.each(['resnet34', 'envnet'])('logits of %s are those of PyTorch', async (id) => expectLogits(goldenNet(id)), 120_000)
})
