/** Exports of the package's own WebAssembly module: one part of a job each. */
export type KernelName =
  | 'adam'
  | 'convolve'
  | 'maxPool'
  | 'maxPoolGradient'
  | 'normApply'
  | 'normGradientApply'
  | 'normGradientMerge'
  | 'normGradientSums'
  | 'normMerge'
  | 'normStatistics'
  | 'packWeights'
  | 'repeatLanes'
  | 'sgd'
  | 'weightGradient'

/** One part of a job: reads its parameters at `parameters`, does part `part` of `parts`. */
export type KernelExport = (parameters: number, part: number, parts: number) => void
