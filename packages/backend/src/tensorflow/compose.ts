import type { TensorInfo } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import type { Attribute, Binding, Result } from './binding.js'
import { DTYPES } from './node-backend.js'
import type { NodeBackend } from './node-backend.js'

/** An input of an operation: a tensor of TensorFlow.js, or what another operation gave. */
export type Operand = TensorInfo | Result

/** TensorFlow's operations, for one kernel; what they give lives until the kernel ends. Or put into a graph, where inputs and outputs are names. */
export interface Operations<Input = Operand, Output = Result> {
  /** Runs an operation with one output. */
  readonly run: (operation: string, attributes: readonly Attribute[], inputs: readonly Input[]) => Output
  /** Runs an operation with several outputs. */
  readonly runAll: (operation: string, attributes: readonly Attribute[], inputs: readonly Input[], outputs: number) => Output[]
  /** int32 numbers, a vector unless a shape is given: sizes and axes are tensors in TensorFlow. */
  readonly ints: (values: readonly number[], shape?: readonly number[]) => Output
  /** float32 numbers of a shape; a scalar without one. */
  readonly floats: (values: readonly number[], shape?: readonly number[]) => Output
}

/** Makes tensors of TensorFlow.js out of TensorFlow's operations, and frees everything they made but the results; on an error, everything. */
export function compose(backend: NodeBackend, build: (operations: Operations) => readonly Result[]): TensorInfo[] {
  const idOf = (operand: Operand): number =>
    'id' in operand && !('dataId' in operand) ? operand.id : backend.getInputTensorIds([operand as TensorInfo])[0]
  return composeResults(backend.binding, idOf, build).map(({ id, shape, dtype }) => {
    const dataId = {}
    backend.tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 })
    return { dataId, shape, dtype: DTYPES[dtype] }
  })
}

/** The same of a binding's handles, without TensorFlow.js. */
export function composeResults<Input>(
  binding: Binding,
  idOf: (input: Input | Result) => number,
  build: (operations: Operations<Input | Result>) => readonly Result[],
): readonly Result[] {
  const made = new Set<number>()
  const runAll: Operations<Input | Result>['runAll'] = (operation, attributes, inputs, outputs) => {
    const results = binding.executeOp(operation, attributes, inputs.map(idOf), outputs)
    for (const { id } of results) made.add(id)
    return results
  }
  const keep = (shape: readonly number[], dtype: number, values: Float32Array | Int32Array): Result => {
    const id = binding.createTensor(shape, dtype, values)
    made.add(id)
    return { id, shape: [...shape], dtype }
  }
  try {
    const results = build({
      runAll,
      run: (operation, attributes, inputs) => runAll(operation, attributes, inputs, 1)[0],
      ints: (values, shape = [values.length]) => keep(shape, DT.int32, Int32Array.from(values)),
      floats: (values, shape = []) => keep(shape, DT.float, Float32Array.from(values)),
    })
    for (const { id } of results) made.delete(id)
    return results
  } finally {
    for (const id of made) binding.deleteTensor(id)
  }
}

/** The attribute `T` of operations on float32 numbers. */
export const FLOAT: Attribute = attribute.type('T', DT.float)

/** The attribute `T` of an operation on a tensor's type. */
export function typeOf({ dtype }: Operand): Attribute {
  if (typeof dtype === 'number') return attribute.type('T', dtype)
  const [number] = Object.entries(DTYPES).find(([, name]) => name === dtype) ?? []
  return attribute.type('T', Number(number))
}

/** Numbers of another type, of TensorFlow's numbers of types. */
export function cast({ run }: Operations, x: Operand, from: number, to: number): Result {
  return run('Cast', [attribute.type('SrcT', from), attribute.type('DstT', to)], [x])
}
