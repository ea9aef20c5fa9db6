import { expectNoLeaks } from '@audiotag/testkit'
import { beforeAll, describe, expect, test } from 'vitest'

import { useWasm } from '@audiotag/backend'

import { expectCurves, expectEvaluation, expectGradients, expectState, goldenRun, rerun } from '../../train/test/golden-run.js'

/**
 * Whole training steps against PyTorch in float64 (packages/train/test/golden). Losses, norms and gradients are held to the tolerances as they are, which
 * are four times what PyTorch's own float32 kernels miss by. The weights after Adam get a factor of 20: an update is rate · sign where a gradient is
 * rounding and nothing else.
 */
const STATE_FACTOR = 20

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
        await expectState(run, model, STATE_FACTOR)
        await expectEvaluation(run, model, STATE_FACTOR)
        dispose()
      })
    },
    60_000,
  )

  test.each(['resnet34-w8-sgd', 'resnet34-w8-adam', 'envnet-w8-sgd', 'envnet-w8-sgd-kl'])(
    '%s: the first three steps are those of PyTorch',
    async (name) => {
      await expectNoLeaks(async () => {
        const run = goldenRun(name)
        const { curves, dispose } = await rerun(run, 3)
        dispose()
        expect(curves['total']).toHaveLength(3)
        expectCurves(run, curves, STATE_FACTOR)
      })
    },
    60_000,
  )
})
