import { util } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import type { Binding, Result } from './binding.js'
import { FLOAT } from './compose.js'

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

/** How many zeros follow each tensor. */
function gaps(shapes: readonly (readonly number[])[]): number[] {
  return shapes.map((shape) => -util.sizeFromShape([...shape]) & (ALIGNED - 1))
}

/** TensorFlow's operations, run at once or put into a graph: what stands for a tensor is `Name`. */
export interface Operators<Name> {
  readonly run: (operation: string, attributes: Parameters<Binding['executeOp']>[1], inputs: readonly Name[]) => Name
  readonly ints: (values: readonly number[], shape?: readonly number[]) => Name
  readonly zeros: (count: number) => Name
}

/** Lays tensors of these shapes in one vector. */
export function join<Name>({ run, ints, zeros }: Operators<Name>, inputs: readonly Name[], shapes: readonly (readonly number[])[]): Name {
  const pieces: Name[] = []
  for (const [i, gap] of gaps(shapes).entries()) {
    pieces.push(run('Reshape', [FLOAT, attribute.type('Tshape', DT.int32)], [inputs[i], ints([-1])]))
    if (gap > 0) pieces.push(zeros(gap))
  }
  const attributes = [attribute.int('N', pieces.length), FLOAT, attribute.type('Tidx', DT.int32)]
  return pieces.length === 1 ? pieces[0] : run('ConcatV2', attributes, [...pieces, ints([0], [])])
}

/** A tensor that lies in a vector. */
export function part<Name>({ run, ints }: Operators<Name>, flat: Name, offset: number, shape: readonly number[]): Name {
  const inputs = [flat, ints([offset]), ints([util.sizeFromShape([...shape])])]
  const slice = run('Slice', [FLOAT, attribute.type('Index', DT.int32)], inputs)
  return run('Reshape', [FLOAT, attribute.type('Tshape', DT.int32)], [slice, ints(shape)])
}

/** Runs at once what `build` takes; frees all that it made but the result. */
export function runAtOnce(binding: Binding, build: (operators: Operators<number>) => number): Result {
  const made = new Map<number, Result | undefined>()
  const keep = (shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number => {
    const id = binding.createTensor(shape, dtype, values)
    made.set(id, undefined)
    return id
  }
  try {
    const last = build({
      run: (operation, attributes, inputs) => {
        const [result] = binding.executeOp(operation, attributes, inputs, 1)
        made.set(result.id, result)
        return result.id
      },
      ints: (values, shape = [values.length]) => keep(shape, DT.int32, Int32Array.from(values)),
      zeros: (count) => keep([count], DT.float, new Float32Array(count)),
    })
    const result = made.get(last) as Result
    made.delete(last)
    return result
  } finally {
    for (const id of made.keys()) binding.deleteTensor(id)
  }
}
