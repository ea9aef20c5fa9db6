import { TrainError } from './errors.js'
import type { LossName } from './loss.js'
import type { OptimizerConfig } from './optimizer.js'

/** Losses, optimiser and rates of a model, JSON-safe. */
export interface TrainingRecipe {
  /** For `createOptimizer`. */
  readonly optimizer: OptimizerConfig
  /** Cosine from `max` to `min` in each cycle; `periodOffset` 1 restarts one update late, as the authors' code does. */
  readonly learningRate: { readonly max: number; readonly min: number; readonly periodOffset: 0 | 1 }
  /** For `createTrainStep`. */
  readonly streams: readonly { readonly name: string; readonly head: string; readonly loss: LossName; readonly weight: number }[]
}

/** Options of {@link dcase2019Training}. */
export interface Dcase2019TrainingOptions {
  /** `'resnet'`: models #1 to #3; `'envnet-sigmoid'`: #4; `'envnet-softmax'`: #5, #6 and the one they start from. */
  readonly model: 'resnet' | 'envnet-sigmoid' | 'envnet-softmax'
  /** Default `'default'`: faithful and correct. */
  readonly variant?: 'default' | 'paper' | 'referenceCode'
  /** Adds the stream of soft pseudo labels (model #2), weight 20; not for softmax. Default false. */
  readonly ssl?: boolean
}

/**
 * Losses, optimiser and rates of the system. Where they differ, `'paper'` takes plain SGD, as it names no momentum; `'referenceCode'` bounds the losses that
 * the authors' code puts through a second sigmoid, takes the divergence as it computes it, and restarts the cosine one update late.
 *
 * @throws TrainError `'option'`
 *
 * Paper §5, Table 1.
 *
 * @example
 * const { streams } = dcase2019Training({ model: 'resnet', variant: 'referenceCode', ssl: true })
 * streams.map(({ name, loss }) => `${name} ${loss}`) // => ['curated bce', 'noisy boundedBce', 'ssl mse']
 */
export function dcase2019Training({ model, variant = 'default', ssl = false }: Dcase2019TrainingOptions): TrainingRecipe {
  if (!Object.hasOwn(losses, model)) {
    throw new TrainError('option', `dcase2019Training: model must be one of ${Object.keys(losses).join(', ')}, got '${model as string}'.`)
  }
  if (variant !== 'default' && variant !== 'paper' && variant !== 'referenceCode') {
    throw new TrainError('option', `dcase2019Training: variant must be 'default', 'paper' or 'referenceCode', got '${String(variant)}'.`)
  }
  if (ssl && model === 'envnet-softmax') {
    throw new TrainError('option', 'dcase2019Training: ssl compares sigmoid probabilities, so it cannot go with envnet-softmax.')
  }
  const { curated, noisy } = losses[model][variant === 'referenceCode' ? 'referenceCode' : 'default']
  const momentum: OptimizerConfig = variant === 'paper' ? { name: 'sgd' } : { name: 'sgd', momentum: 0.9, nesterov: true }
  return {
    optimizer: model === 'resnet' ? { name: 'adam' } : momentum,
    learningRate: { max: model === 'resnet' ? 1e-3 : 0.1, min: 1e-6, periodOffset: variant === 'referenceCode' ? 1 : 0 },
    streams: [
      { name: 'curated', head: 'curated', loss: curated, weight: 1 },
      { name: 'noisy', head: 'noisy', loss: noisy, weight: 1 },
      ...(ssl ? [{ name: 'ssl', head: 'curated', loss: 'mse', weight: 20 } as const] : []),
    ],
  }
}

interface Losses {
  readonly curated: LossName
  readonly noisy: LossName
}

const losses: Readonly<Record<Dcase2019TrainingOptions['model'], Readonly<Record<'default' | 'referenceCode', Losses>>>> = {
  resnet: { default: { curated: 'bce', noisy: 'bce' }, referenceCode: { curated: 'bce', noisy: 'boundedBce' } },
  'envnet-sigmoid': { default: { curated: 'bce', noisy: 'bce' }, referenceCode: { curated: 'boundedBce', noisy: 'boundedBce' } },
  'envnet-softmax': { default: { curated: 'kl', noisy: 'kl' }, referenceCode: { curated: 'klReference', noisy: 'klReference' } },
}
