/** Exports of the package's own WebAssembly module, one job each. Workers find them by their place in this list. */
export const KERNEL_NAMES = [
  'adam',
  'addTerms',
  'clear',
  'convolve',
  'depthwiseFilter',
  'depthwiseInput',
  'dropout',
  'dropoutGradient',
  'loss',
  'maxPool',
  'maxPoolGradient',
  'normApply',
  'normGradientApply',
  'normGradientMerge',
  'normGradientSums',
  'normMerge',
  'normStatistics',
  'packWeights',
  'repeatLanes',
  'segmentSum',
  'sgd',
  'squareSums',
  'sumRows',
  'weightGradient',
  'winograd',
  'winogradGradient',
  'winogradGradientFinish',
  'winogradStride2',
  'winogradStride2Input',
  'winogradStride2Weights',
  'winogradWeights',
] as const

/** One of the package's own kernels. */
export type KernelName = (typeof KERNEL_NAMES)[number]

/** One part of a job: reads its parameters at `parameters`, does part `part` of `parts`, on thread `thread`, whose scratch memory it may use. */
export type KernelExport = (parameters: number, part: number, parts: number, thread: number) => void

/** The exports of an instance of the module. */
export type Kernels = Record<KernelName, KernelExport>
