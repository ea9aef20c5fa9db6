import { util } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import type { Binding, Result } from './binding.js'
import { composeResults, FLOAT } from './compose.js'
import type { Operations } from './compose.js'

/** Parts begin at multiples of this: TensorFlow takes slices that lie so, 64 bytes apart, without copying them. */
const ALIGNED = 16

/** Where float32 tensors lie in one vector, with zeros between them. */
export interface FlatLayout {
  readonly offsets: readonly number[]
  readonly total: number
}

/** The deferred operation that lays float32 tensors in one vector, of their layout. */
export const JOIN = 'AudiotagJoin'

export function flatLayout(shapes: readonly (readonly number[])[]): FlatLayout {
  const offsets: number[] = []
  let total = 0
  for (const shape of shapes) {
    offsets.push(total)
    total += Math.ceil(util.sizeFromShape([...shape]) / ALIGNED) * ALIGNED
  }
  return { offsets, total }
}

type Operators<Input, Output> = Pick<Operations<Input, Output>, 'run' | 'ints' | 'floats'>

/** Lays tensors of these shapes in one vector. */
export function join<Input, Output extends Input>(
  { run, ints, floats }: Operators<Input, Output>,
  inputs: readonly Input[],
  shapes: readonly (readonly number[])[],
): Output {
  const { offsets, total } = flatLayout(shapes)
  const pieces: Output[] = []
  for (const [i, shape] of shapes.entries()) {
    pieces.push(run('Reshape', [FLOAT, attribute.type('Tshape', DT.int32)], [inputs[i], ints([-1])]))
    const gap = (offsets[i + 1] ?? total) - offsets[i] - util.sizeFromShape([...shape])
    if (gap > 0) pieces.push(floats(Array<number>(gap).fill(0), [gap]))
  }
  const attributes = [attribute.int('N', pieces.length), FLOAT, attribute.type('Tidx', DT.int32)]
  return pieces.length === 1 ? pieces[0] : run('ConcatV2', attributes, [...pieces, ints([0], [])])
}

/** A tensor that lies in a vector. */
export function part<Input, Output extends Input>(
  { run, ints }: Operators<Input, Output>,
  flat: Input,
  offset: number,
  shape: readonly number[],
): Output {
  const inputs = [flat, ints([offset]), ints([util.sizeFromShape([...shape])])]
  const slice = run('Slice', [FLOAT, attribute.type('Index', DT.int32)], inputs)
  return run('Reshape', [FLOAT, attribute.type('Tshape', DT.int32)], [slice, ints(shape)])
}

/** `join` of a binding's handles, at once. */
export const joinNow = (binding: Binding, inputs: readonly number[], shapes: readonly (readonly number[])[]): Result =>
  composeResults<number>(binding, idOf, (operations) => [join(operations, inputs, shapes)])[0]

/** `part` of a binding's handle, at once. */
export const partNow = (binding: Binding, flat: number, offset: number, shape: readonly number[]): Result =>
  composeResults<number>(binding, idOf, (operations) => [part(operations, flat, offset, shape)])[0]

const idOf = (input: number | Result): number => (typeof input === 'number' ? input : input.id)
