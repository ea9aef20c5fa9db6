import { backend_util, util } from '@tensorflow/tfjs-core'
import type { EinsumAttrs, Tensor, TensorInfo } from '@tensorflow/tfjs-core'

import { compose } from './compose.js'
import type { RunKernel } from './compose.js'
import type { OwnKernels } from './own-kernels.js'

/** Einstein sums of one tensor or two (stock: none), as one batched matrix product. */
export const einsumKernel: OwnKernels = () => ({
  Einsum: ({ inputs, attrs, backend }) => {
    const tensors = Object.values(inputs) as TensorInfo[]
    const { equation } = attrs as unknown as EinsumAttrs
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length)
    backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as Tensor[])
    const summed = new Set(summedDims)
    const output = allDims.map((_, label) => label).filter((label) => !summed.has(label))
    return compose(backend, (run) => {
      // What only one tensor has and the result has not is summed at once.
      const terms = tensors.map((x, i) => {
        const others = new Set(idDims.filter((_, j) => j !== i).flat())
        return sumOver(run, { x, labels: idDims[i] }, (label) => summed.has(label) && !others.has(label))
      })
      const [left, right] = terms
      return permute(run, right === undefined ? left : product(run, left, right, summed), output).x
    })
  },
})

/** A tensor whose axes have labels. */
interface Term {
  readonly x: TensorInfo
  readonly labels: readonly number[]
}

function sumOver(run: RunKernel, { x, labels }: Term, over: (label: number) => boolean): Term {
  const axis = labels.map((_, i) => i).filter((i) => over(labels[i]))
  if (axis.length === 0) return { x, labels }
  return { x: run('Sum', { x }, { axis, keepDims: false }), labels: labels.filter((label) => !over(label)) }
}

function permute(run: RunKernel, { x, labels }: Term, order: readonly number[]): Term {
  if (order.every((label, i) => label === labels[i])) return { x, labels }
  return { x: run('Transpose', { x }, { perm: order.map((label) => labels.indexOf(label)) }), labels: order }
}

/** Axes of both that stay are the batch, axes of both that are summed the depth, the others the rows and the columns. */
function product(run: RunKernel, left: Term, right: Term, summed: ReadonlySet<number>): Term {
  const both = left.labels.filter((label) => right.labels.includes(label))
  const batch = both.filter((label) => !summed.has(label))
  const depth = both.filter((label) => summed.has(label))
  const rows = left.labels.filter((label) => !both.includes(label))
  const columns = right.labels.filter((label) => !both.includes(label))
  const a = permute(run, left, [...batch, ...rows, ...depth])
  const b = permute(run, right, [...batch, ...depth, ...columns])
  const size = ({ x, labels }: Term, of: readonly number[]): number => util.sizeFromShape(of.map((label) => x.shape[labels.indexOf(label)]))
  const matrices = (term: Term, shape: readonly number[]): TensorInfo => run('Reshape', { x: term.x }, { shape })
  const y = run(
    'BatchMatMul',
    {
      a: matrices(a, [size(a, batch), size(a, rows), size(a, depth)]),
      b: matrices(b, [size(b, batch), size(b, depth), size(b, columns)]),
    },
    { transposeA: false, transposeB: false },
  )
  const labels = [...batch, ...rows, ...columns]
  const shape = labels.map((label) => (a.labels.includes(label) ? a.x.shape[a.labels.indexOf(label)] : b.x.shape[b.labels.indexOf(label)]))
  return { x: run('Reshape', { x: y }, { shape }), labels }
}
