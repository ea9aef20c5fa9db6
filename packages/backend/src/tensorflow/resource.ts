import { attribute, DT } from './binding.js'
import type { Attribute, Binding } from './binding.js'

/** The attribute `dtype` of operations on variables of float32 numbers. */
export const FLOATS: Attribute = attribute.type('dtype', DT.float)

/** So that no two variables of a process share a name. */
let made = 0

/** Makes a float32 variable of TensorFlow, without numbers yet; returns its handle. */
export function createResource(binding: Binding, shape: readonly number[]): number {
  const attributes = [
    FLOATS,
    attribute.shape('shape', shape),
    attribute.text('container', ''),
    attribute.text('shared_name', `audiotag-${process.pid}-${made++}`),
  ]
  return binding.executeOp('VarHandleOp', attributes, [], 1)[0].id
}

export function destroyResource(binding: Binding, resource: number): void {
  binding.executeOp('DestroyResourceOp', [attribute.bool('ignore_lookup_error', true)], [resource], 0)
  binding.deleteTensor(resource)
}
