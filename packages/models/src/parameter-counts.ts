import { completeModelConfig, type ModelConfig } from './model-config.js'
import { headPrefix, weightSpecs } from './weight-specs.js'

/** Numbers of parameters of a configuration. */
export interface ParameterCounts {
  /** By part of the encoder, in order: `conv1`, `bn1`, `layer1`, … */
  readonly parts: Readonly<Record<string, number>>
  /** Sum of the parts. */
  readonly encoder: number
  /** By name of the head. */
  readonly heads: Readonly<Record<string, number>>
  /** All that is trained: encoder and heads. */
  readonly total: number
  /** Running means and variances, which are stored but not trained. */
  readonly runningStatistics: number
  /** Arrays that hold all these, by trained or not: what a file has entries for. */
  readonly arrays: { readonly trained: number; readonly fixed: number }
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, n) => total + n, 0)

/**
 * Counts the parameters of a configuration, exactly and without making the model.
 *
 * @throws {ModelError} `config`: a field is missing, unknown or out of range.
 * @example
 * import { parameterCounts } from '@audiotag/models'
 *
 * const counts = parameterCounts({ architecture: 'resnet34', classes: 80, heads: ['curated', 'noisy'], activation: 'sigmoid' })
 * counts.total // => 24592224
 */
export function parameterCounts(config: ModelConfig): ParameterCounts {
  const complete = completeModelConfig(config)
  const headOf = new Map(complete.heads.map((head, index) => [headPrefix(complete, index), head]))
  const parts: Record<string, number> = {}
  const heads: Record<string, number> = {}
  let runningStatistics = 0
  const specs = weightSpecs(complete)
  for (const { name, shape, trainable } of specs) {
    const size = shape.reduce((product, n) => product * n, 1)
    const part = name.slice(0, name.indexOf('.'))
    const head = headOf.get(part)
    if (!trainable) runningStatistics += size
    else if (head === undefined) parts[part] = (parts[part] ?? 0) + size
    else heads[head] = (heads[head] ?? 0) + size
  }
  const trained = specs.filter(({ trainable }) => trainable).length
  const arrays = { trained, fixed: specs.length - trained }
  return { parts, encoder: sum(parts), heads, total: sum(parts) + sum(heads), runningStatistics, arrays }
}
