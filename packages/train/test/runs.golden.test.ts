import { describeBackends, expectNoLeaks } from '@audiotag/testkit'
import { beforeAll, expect, test } from 'vitest'
import { plainFilterGradient } from './filter-gradient.js'
import { expectCurves, expectEvaluation, expectGradients, expectState, goldenRun, rerun } from './golden-run.js'

const slow = process.env['SLOW'] === '1'
if (!slow) process.stdout.write('whole training runs on cpu and stock wasm: run in pnpm test:slow\n')

const gentle = ['resnet34-w8-adam', 'resnet34-w8-sgd', 'envnet-w8-sgd', 'envnet-w8-sgd-kl']
const own = ['resnet34-w8-adam-1e-3', 'envnet-w8-sgd-1e-1'] // at the system's own rates

/**
 * The stock wasm kernels round a little differently from all eight ways the tolerances were taken from. Seen by comparing with cpu: in the first step
 * of the Adam run the gradient of a single channel (55 of layer4.2.bn1.bias) differs, as after a ReLU that switches, and with it all layers before; in
 * the bounded one-step run a single weight (265 of layer1.0.conv1), whose gradient is 9e-6 here and -3e-7 there, steps the other way.
 * Gradients of the smooth one-step runs are held to the tolerances as they are.
 */
const factorOf = (backend: string): number => (backend === 'cpu' ? 1 : 20)

describeBackends(['cpu', 'wasm', 'tensorflow'], (backend) => {
  beforeAll(() => plainFilterGradient(backend))
  const factor = factorOf(backend)

  test.each(slow ? [] : ['resnet34-w8-adam', 'resnet34-w8-sgd'])(
    '%s: the first 3 steps are those of PyTorch',
    async (name) => {
      await expectNoLeaks(async () => {
        const run = goldenRun(name)
        const { curves, dispose } = await rerun(run, 3)
        dispose()
        expect(curves['total']).toHaveLength(3)
        expectCurves(run, curves, factor)
      })
    },
    120_000,
  )

  test.each(['resnet34-w8-three-streams', 'resnet34-w8-three-streams-bounded'])(
    '%s: losses, gradients, weights and logits of one step with the SSL stream are those of PyTorch',
    async (name) => {
      await expectNoLeaks(async () => {
        const run = goldenRun(name)
        const { curves, gradients, model, dispose } = await rerun(run)
        expectCurves(run, curves, 1)
        expectGradients(run, gradients)
        await expectState(run, model, factor)
        await expectEvaluation(run, model, factor)
        dispose()
      })
    },
    120_000,
  )

  if (!slow) return
  test.each([...gentle, ...own])(
    '%s: the whole run is that of PyTorch',
    async (name) => {
      await expectNoLeaks(async () => {
        const run = goldenRun(name)
        const { curves, model, dispose } = await rerun(run)
        expect(curves['total']).toHaveLength(run.steps)
        expectCurves(run, curves, factor)
        if (run.stateDict) await expectState(run, model, factor)
        if (run.evaluation) await expectEvaluation(run, model, factor)
        dispose()
      })
    },
    600_000,
  )
})
