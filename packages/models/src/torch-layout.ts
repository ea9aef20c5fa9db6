import type { WeightSpec } from './weight-specs.js'

/** Visits every element with its index here and its index in PyTorch's order. */
function visit(spec: WeightSpec, move: (here: number, there: number) => void): void {
  if (spec.layout === 'same') {
    for (let i = 0; i < spec.shape[0]; i++) move(i, i)
    return
  }
  if (spec.layout === 'convolution') {
    const [outputs, inputs, height, width] = spec.torchShape
    const area = height * width
    for (let o = 0, there = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        for (let k = 0; k < area; k++, there++) move((k * inputs + i) * outputs + o, there)
      }
    }
    return
  }
  const [inputs, outputs] = spec.shape
  const channels = inputs / spec.height
  for (let o = 0, there = 0; o < outputs; o++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < spec.height; row++, there++) move((row * channels + channel) * outputs + o, there)
    }
  }
}

/** A weight from this package's order to PyTorch's. */
export function toTorchLayout(spec: WeightSpec, data: Float32Array): Float32Array {
  const result = new Float32Array(data.length)
  visit(spec, (here, there) => {
    result[there] = data[here]
  })
  return result
}

/** A weight from PyTorch's order to this package's. */
export function fromTorchLayout(spec: WeightSpec, data: Float32Array): Float32Array {
  const result = new Float32Array(data.length)
  visit(spec, (here, there) => {
    result[here] = data[there]
  })
  return result
}
