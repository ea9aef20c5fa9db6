import { BackendError } from '../errors.js'
import { takesLowPrecision } from '../precision.js'
import type { Precision } from '../precision.js'
import { attribute, DT } from './binding.js'
import type { Result } from './binding.js'
import { cast, compose } from './compose.js'
import type { Operand, Operations } from './compose.js'
import type { NodeBackend } from './node-backend.js'

let current: Precision = 'float32'

/** What convolutions of float32 tensors are computed in now. */
export const convolutionPrecision = (): Precision => current

/** Whether a convolution is computed in bfloat16 now. */
export const isInBfloat16 = (sizes: { readonly inChannels: number }): boolean => current === 'bfloat16' && takesLowPrecision(sizes)

/** From now on. @throws BackendError `option` where this TensorFlow has no convolutions of bfloat16. */
export function setConvolutionPrecision(backend: NodeBackend, precision: Precision): void {
  if (precision === 'bfloat16') requireBfloat16(backend)
  current = precision
}

/** Runs an operation on bfloat16 copies of float32 inputs; the result is float32 again. */
export function inBfloat16(operations: Operations, inputs: readonly Operand[], compute: (inputs: readonly Result[]) => Result): Result {
  const low = inputs.map((input) => cast(operations, input, DT.float, DT.bfloat16))
  return cast(operations, compute(low), DT.bfloat16, DT.float)
}

/** 3 · 5 must be 15. */
function requireBfloat16(backend: NodeBackend): void {
  let reason = 'a convolution gave another number'
  try {
    const [product] = compose(backend, (operations) => {
      const [x, filter] = [operations.floats([3], [1, 1, 1, 1]), operations.floats([5], [1, 1, 1, 1])]
      const attributes = [attribute.type('T', DT.bfloat16), attribute.int('strides', [1, 1, 1, 1]), attribute.text('padding', 'VALID')]
      return [inBfloat16(operations, [x, filter], (inputs) => operations.run('Conv2D', attributes, inputs))]
    })
    const [value] = backend.readSync(product.dataId) as Float32Array
    backend.disposeData(product.dataId)
    if (value === 15) return
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error)
  }
  throw new BackendError('option', `useTensorFlow: this TensorFlow does not offer bfloat16 (${reason}). Leave precision out.`)
}
