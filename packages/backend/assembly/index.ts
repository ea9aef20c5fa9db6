export { convolve } from './convolve'
export { packWeights } from './pack'
export { weightGradient } from './weight-gradient'
