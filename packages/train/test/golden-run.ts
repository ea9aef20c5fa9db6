import { readFileSync } from 'node:fs'
import { createModel, decodeSafetensors, encodeSafetensors, loadWeights, saveModel, type TaggingModel } from '@audiotag/models'
import { expectClose, expectNoLeaks, goldenLabels, goldenTensor } from '@audiotag/testkit'
import {
  createOptimizer,
  createTrainStep,
  train,
  type Batches,
  type LossName,
  type NamedArray,
  type Optimizer,
  type OptimizerConfig,
} from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'

interface Rule {
  readonly name: string
  readonly shape: number[]
  readonly center?: number
  readonly scale?: number
  readonly density?: number
}
interface Curve {
  readonly float64: number[]
  readonly tolerance: number[]
}
/** Norm, tolerance, first elements. */
type Summary = [norm: number, tolerance: number, ...first: number[]]

/** A training run of PyTorch, see golden/README.md. */
export interface GoldenRun {
  readonly net: 'resnet34' | 'envnet'
  readonly options: { readonly width: number }
  readonly optimizer: { readonly name: 'adam' | 'sgd'; readonly lr: number; readonly momentum?: number; readonly nesterov?: boolean }
  readonly steps: number
  readonly streams: { readonly name: string; readonly head: number; readonly loss: LossName; readonly weight?: number }[]
  readonly seed: number
  readonly batches: Record<string, { readonly input: Rule; readonly target: Rule }[]>
  readonly lr: number[]
  readonly curves: Record<string, Curve>
  readonly stateDict?: Record<string, Summary>
  readonly gradients?: Record<string, Summary>
  readonly evaluation?: {
    readonly input: Rule
    readonly logits: Record<string, { readonly float64: number[]; readonly tolerance: number }>
  }
}

export const goldenRun = (name: string): GoldenRun =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8')) as GoldenRun

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1)

function values({ name, shape, center, scale, density }: Rule, seed: number): NamedArray {
  const data =
    density === undefined
      ? goldenTensor(name, shape, { seed, center: center!, scale: scale! })
      : goldenLabels(name, shape as [number, number], { seed, density })
  return { data, shape }
}

/** PyTorch's `[batch, 1, mels, frames]` or `[batch, 1, 1, samples]` as the models take it; the numbers lie the same way. */
function input(rule: Rule, seed: number): { data: Float32Array; shape: number[] } {
  const [batch, , height, width] = rule.shape
  return { data: values(rule, seed).data as Float32Array, shape: height === 1 ? [batch, width] : [batch, height, width, 1] }
}

/** The rules of the generator for weights, by PyTorch's name and shape. */
function weightRule(name: string, shape: readonly number[], variance: number): { center: number; scale: number } {
  if (name.endsWith('running_mean')) return { center: 0, scale: 0.1 }
  if (name.endsWith('running_var')) return { center: 1, scale: 0.3 }
  if (name.endsWith('bias')) return { center: 0, scale: 0.1 }
  if (shape.length === 1) return { center: 1, scale: 0.2 }
  return { center: 0, scale: Math.sqrt((3 * variance) / size(shape.slice(1))) }
}

/** Weights and running statistics by PyTorch's names, in its layouts. */
async function torchArrays(model: TaggingModel): Promise<Record<string, NamedArray>> {
  const { tensors } = decodeSafetensors(await saveModel(model))
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.endsWith('num_batches_tracked'))) as Record<string, NamedArray>
}

/** The network at the start of a run; heads are called by their number. */
export async function goldenModel(run: GoldenRun): Promise<TaggingModel> {
  const envnet = run.net === 'envnet'
  const model = createModel(
    {
      architecture: envnet ? 'envnet2' : run.net,
      classes: 80,
      width: run.options.width,
      heads: ['0', '1'],
      dropout: [0, 0],
      activation: 'sigmoid',
    },
    { rng: () => 0.5 },
  )
  const weights: Record<string, NamedArray> = {}
  for (const [name, { shape }] of Object.entries(await torchArrays(model))) {
    weights[name] = { data: goldenTensor(name, shape, { seed: run.seed, ...weightRule(name, shape, envnet ? 2 : 1) }), shape }
  }
  loadWeights(model, encodeSafetensors(weights))
  return model
}

export interface Rerun {
  readonly model: TaggingModel
  readonly optimizer: Optimizer
  readonly curves: Record<string, number[]>
  /** Of the first step, by name. */
  readonly gradients: Record<string, NamedArray>
  /** Frees model and optimiser. */
  readonly dispose: () => void
}

/** The first `steps` updates of a run. */
export async function rerun(run: GoldenRun, steps: number = run.steps): Promise<Rerun> {
  const model = await goldenModel(run)
  const { name, momentum, nesterov } = run.optimizer
  const config: OptimizerConfig =
    name === 'adam' ? { name } : { name, ...(momentum !== undefined && { momentum }), ...(nesterov !== undefined && { nesterov }) }
  const optimizer = createOptimizer(config)
  const captured: Record<string, tf.Tensor> = {}
  const apply: Optimizer['apply'] = (variables, gradients, rate) => {
    if (Object.keys(captured).length === 0)
      for (const [key, gradient] of Object.entries(gradients)) captured[key] = tf.keep(tf.clone(gradient))
    optimizer.apply(variables, gradients, rate)
  }
  const step = createTrainStep({
    model,
    optimizer: { ...optimizer, apply },
    streams: run.streams.map((stream) => ({ ...stream, head: String(stream.head) })),
  })
  const batches = (index: number): Batches =>
    Object.fromEntries(
      run.streams.map((stream) => {
        const rules = run.batches[stream.name]
        const { input: x, target } = rules[index % rules.length]
        return [stream.name, { input: input(x, run.seed), targets: values(target, run.seed) }]
      }),
    )
  const curves: Record<string, number[]> = {
    total: [],
    gradientNorm: [],
    ...Object.fromEntries(run.streams.map((stream) => [stream.name, []])),
  }
  for await (const event of train({ step, batches, learningRate: (index) => run.lr[index], steps, stepsPerEpoch: run.steps })) {
    if (event.type !== 'step') continue
    curves['total'].push(event.total)
    curves['gradientNorm'].push(event.gradientNorm)
    for (const [stream, loss] of Object.entries(event.streams)) curves[stream].push(loss)
  }
  const dispose = (): void => {
    model.dispose()
    optimizer.dispose()
  }
  const gradients: Record<string, NamedArray> = {}
  for (const [key, gradient] of Object.entries(captured)) gradients[key] = { data: await gradient.data<'float32'>(), shape: gradient.shape }
  tf.dispose(captured)
  return { model, optimizer, curves, gradients, dispose }
}

/** The whole run leaves no tensors and is PyTorch's within the tolerances as they are, in all that its golden file has. `logits`: times their tolerance. */
export async function expectWholeRun(name: string, { logits = 1 } = {}): Promise<void> {
  await expectNoLeaks(async () => {
    const run = goldenRun(name)
    const { curves, gradients, model, dispose } = await rerun(run)
    expect(curves['total']).toHaveLength(run.steps)
    expectCurves(run, curves, 1)
    if (run.gradients) expectGradients(run, gradients)
    if (run.stateDict) await expectState(run, model, 1)
    if (run.evaluation) await expectEvaluation(run, model, logits)
    dispose()
  })
}

/**
 * Every curve within the tolerance of each step, or of an earlier one: a tolerance is the worst of eight computations, and where these happen to meet again
 * it drops to a tenth of the step before, though no run that has drifted comes back.
 */
export function expectCurves(run: GoldenRun, curves: Record<string, number[]>, factor: number): void {
  for (const [name, curve] of Object.entries(run.curves)) {
    let tolerance = 0
    for (const [step, value] of curves[name].entries()) {
      tolerance = Math.max(tolerance, curve.tolerance[step])
      try {
        expectClose([value], [curve.float64[step]], { absolute: factor * tolerance })
      } catch (error) {
        throw new Error(`${name} at step ${step}`, { cause: error })
      }
    }
  }
}

/** Weights and running statistics after the run. */
export async function expectState(run: GoldenRun, model: TaggingModel, factor: number): Promise<void> {
  expectSummaries(run.stateDict!, await torchArrays(model), factor)
}

/** Gradients of the first step. Only norms: their elements are in another order than PyTorch's. */
export function expectGradients(run: GoldenRun, gradients: Record<string, NamedArray>): void {
  const norms = Object.fromEntries(
    Object.entries(run.gradients!).map(([name, [norm, tolerance]]): [string, Summary] => [name, [norm, tolerance]]),
  )
  expectSummaries(norms, gradients, 1)
}

function expectSummaries(expected: Record<string, Summary>, actual: Record<string, NamedArray>, factor: number): void {
  for (const [name, [norm, tolerance, ...first]] of Object.entries(expected)) {
    const { data } = actual[name]
    try {
      expectClose([Math.hypot(...data), ...data.slice(0, first.length)], [norm, ...first], { absolute: factor * tolerance })
    } catch (error) {
      throw new Error(name, { cause: error })
    }
  }
}

/** Logits in evaluation mode, with the running statistics of the run. */
export async function expectEvaluation(run: GoldenRun, model: TaggingModel, factor: number): Promise<void> {
  const { data, shape } = input(run.evaluation!.input, run.seed)
  for (const [index, golden] of Object.values(run.evaluation!.logits).entries()) {
    const logits = tf.tidy(() => model.forward(tf.tensor(data, shape), { head: String(index) }))
    expectClose(await logits.data<'float32'>(), golden.float64, { absolute: factor * golden.tolerance })
    logits.dispose()
  }
}
