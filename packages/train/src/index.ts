export { adam, type AdamOptions } from './adam.js'
export { bce } from './bce.js'
export { boundedBce } from './bounded-bce.js'
export { captureCheckpoint, type Checkpoint, type CheckpointParts, restoreCheckpoint } from './checkpoint.js'
export { createOptimizer } from './create-optimizer.js'
export {
  type Batches,
  createTrainStep,
  type StepOptions,
  type StepResult,
  type Stream,
  type StreamBatch,
  type TrainStep,
  type TrainStepParts,
} from './create-train-step.js'
export { dcase2019Training, type Dcase2019TrainingOptions, type TrainingRecipe } from './dcase2019-training.js'
export { TrainError } from './errors.js'
export { kl } from './kl.js'
export { klReference } from './kl-reference.js'
export { type Loss, lossByName, type LossName } from './loss.js'
export { mse, type MseOptions } from './mse.js'
export type { NamedArray } from './named-array.js'
export type { Optimizer, OptimizerConfig } from './optimizer.js'
export type { Rng } from './rng.js'
export { sgd, type SgdOptions } from './sgd.js'
export { type CycleEvent, type EndEvent, type EpochEvent, type StepEvent, train, type TrainEvent, type TrainOptions } from './train.js'
export type { TrainableModel } from './trainable-model.js'
