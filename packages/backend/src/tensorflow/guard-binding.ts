import { BackendError } from '../errors.js'
import { asBackendError } from './as-backend-error.js'
import type { Binding } from './binding.js'

/** Operations whose result may have no elements although their inputs have: its size is in the values of the inputs or in an attribute. */
const MAY_BE_EMPTY = new Set([
  'BroadcastGradientArgs',
  'BroadcastTo',
  'Fill',
  'LinSpace',
  'ListDiff',
  'RandomStandardNormal',
  'RandomUniform',
  'Range',
  'ReadVariableOp',
  'Shape',
  'Slice',
  'Split',
  'SplitV',
  'StridedSlice',
  'StringSplit',
  'StringSplitV2',
  'Tile',
  'TopKV2',
  'TruncatedNormal',
  'Unique',
  'UniqueV2',
  'Where',
])

/**
 * The binding with errors that name the operation. Stock, an operation that TensorFlow has no implementation of may come back with empty tensors:
 * here that is an error too.
 */
export function guardBinding(binding: Binding): Binding {
  const executeOp: Binding['executeOp'] = (operation, attributes, inputs, outputs) => {
    let results
    try {
      results = binding.executeOp(operation, attributes, inputs, outputs)
    } catch (error) {
      throw asBackendError(`TensorFlow's ${operation}`, error)
    }
    if (outputs > 0 && results[0].shape.includes(0) && !mayBeEmpty(binding, operation, inputs)) {
      for (const { id } of results) binding.deleteTensor(id)
      const shapes = results.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')
      throw new BackendError(
        'operation',
        `TensorFlow's ${operation}: gave no numbers (shapes ${shapes}) for inputs that have some. This TensorFlow (${binding.TF_Version}) lacks it for these inputs; install another version, or use wasm.`,
      )
    }
    return results
  }
  const tensorDataSync: Binding['tensorDataSync'] = (id) => {
    try {
      return binding.tensorDataSync(id)
    } catch (error) {
      throw asBackendError('TensorFlow, reading a tensor', error)
    }
  }
  const createTensor: Binding['createTensor'] = (shape, dtype, values) => {
    try {
      return binding.createTensor(shape, dtype, values)
    } catch (error) {
      throw asBackendError(`TensorFlow, making a tensor of shape [${shape.join(', ')}]`, error)
    }
  }
  // The addon's own properties cannot be written.
  return Object.create(binding, {
    executeOp: { value: executeOp },
    tensorDataSync: { value: tensorDataSync },
    createTensor: { value: createTensor },
  }) as Binding
}

/** An input without elements explains an output without. Asked about empty outputs alone: it reads the inputs. */
function mayBeEmpty(binding: Binding, operation: string, inputs: readonly number[]): boolean {
  // The statistics that a batch norm in training is given have no elements.
  const telling = operation.includes('BatchNorm') ? inputs.slice(0, 1) : inputs
  return MAY_BE_EMPTY.has(operation) || telling.some((id) => binding.tensorDataSync(id).length === 0)
}
