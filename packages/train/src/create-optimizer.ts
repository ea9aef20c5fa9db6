import { adam } from './adam.js'
import { TrainError } from './errors.js'
import type { Optimizer, OptimizerConfig } from './optimizer.js'
import { sgd } from './sgd.js'

/**
 * An optimiser from its JSON settings, e.g. `{ name: 'sgd', momentum: 0.9, nesterov: true }`.
 * @throws TrainError `'option'` for another name or a setting out of range
 */
export function createOptimizer(config: OptimizerConfig): Optimizer {
  if (config.name === 'adam') return adam(config)
  if (config.name === 'sgd') return sgd(config)
  throw new TrainError('option', `createOptimizer: name must be 'adam' or 'sgd', got '${String((config as { name: unknown }).name)}'.`)
}
