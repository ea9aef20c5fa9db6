import { asBackendError } from './as-backend-error.js'
import type { Attribute, Binding, Result } from './binding.js'
import { DT } from './binding.js'
import { DEFERRABLE } from './deferrable-operations.js'
import { GraphPlans } from './graph-plans.js'

/** What is known of a handle. */
interface Known {
  readonly shape: readonly number[]
  readonly dtype: number
  /** Numbers of a size or an axis. TensorFlow has them once an operation that is not deferred asks. */
  readonly constant?: Int32Array
}

/** An input of a deferred operation. */
export type Operand =
  | { readonly kind: 'feed'; readonly index: number; readonly shape: readonly number[]; readonly dtype: number }
  | { readonly kind: 'output'; readonly node: number; readonly output: number }
  | { readonly kind: 'constant'; readonly shape: readonly number[]; readonly values: Int32Array }

/** An operation that waits. */
export interface DeferredNode {
  readonly operation: string
  readonly attributes: readonly Attribute[]
  readonly operands: readonly Operand[]
  readonly outputs: readonly Known[]
  /** The number of what it is: operation, attributes, shapes. */
  readonly kind: number
}

/** Handles of this class begin here, where those of the addon never come. */
const OWN = 2 ** 30

/** Most numbers of a size or an axis. */
const MOST_SIZES = 256

/** Operations that wait at most. */
const MOST_NODES = 4096

/** Bytes of all that waiting operations will make, and of what they keep though the caller has freed it. More would let memory grow: a graph runs its operations in any order. */
const MOST_BYTES = 256 * 2 ** 20

/** Kinds of operations that are remembered. */
const MOST_KINDS = 65_536

const NUMBERS = new Set<number>([DT.float, DT.int32, DT.uint8, DT.bool, DT.bfloat16])

/**
 * The binding with operations that wait until somebody wants their numbers, to run as one graph if the same ones came before. One by one, each costs TensorFlow some tenths of a millisecond,
 * however little it computes; in a graph a tenth of that, and two run at a time. What runs, and in which groups, depends on the calls alone, so that the same program gives the same bits.
 *
 * An operation of a new kind (name, attributes, shapes) runs at once: that is how its shapes become known, and why its errors come where it is called. Others wait. A group that is new runs one by one,
 * later as a graph. Whatever has side effects runs after all that waits.
 */
export class DeferredBinding {
  readonly #binding: Binding
  readonly #plans: GraphPlans
  /** Handles that were given out and not deleted. */
  readonly #known = new Map<number, Known>()
  /** The addon's handles of those of this class that have one. */
  readonly #real = new Map<number, number>()
  /** What failed, by handle. */
  readonly #failed = new Map<number, Error>()
  readonly #kinds = new Map<string, { readonly kind: number; readonly outputs: readonly Known[] }>()
  #next = OWN
  /** Handles from before. */
  #older: number

  #nodes: DeferredNode[] = []
  /** Outputs of nodes that the caller holds. */
  #waiting = new Map<number, { readonly node: number; readonly output: number }>()
  /** The addon's handles that nodes read, and whether the caller has deleted them since. */
  #feeds = new Map<number, { readonly index: number; deleted: boolean }>()
  #bytes = 0

  constructor(binding: Binding) {
    this.#binding = binding
    this.#plans = new GraphPlans(binding)
    this.#older = binding.getNumOfTensors()
  }

  executeOp(operation: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Result[] {
    const rule = DEFERRABLE.get(operation)
    const known = inputs.map((id) => this.#known.get(id))
    const defers =
      rule !== undefined &&
      known.every((one) => one !== undefined && NUMBERS.has(one.dtype) && !(rule.byNumbers && one.dtype === DT.int32 && one.constant === undefined))
    if (!defers) return this.#runNow(operation, attributes, inputs, outputs, known)
    const name = nameOf(operation, attributes, outputs, known as Known[], rule.byNumbers)
    const seen = this.#kinds.get(name)
    if (!seen) {
      const results = this.#runNow(operation, attributes, inputs, outputs, known)
      if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear()
      this.#kinds.set(name, { kind: this.#plans.newKind(), outputs: results.map(({ shape, dtype }) => ({ shape, dtype })) })
      return results
    }
    if (this.#nodes.length >= MOST_NODES || this.#bytes > MOST_BYTES) this.#flush()
    const operands = inputs.map((id, i) => this.#operand(id, known[i] as Known, rule.byNumbers))
    const node = this.#nodes.length
    this.#nodes.push({ operation, attributes, operands, ...seen })
    const results = seen.outputs.map(({ shape, dtype }, output) => {
      const id = this.#next++
      this.#known.set(id, { shape, dtype })
      this.#waiting.set(id, { node, output })
      this.#bytes += bytesOf({ shape, dtype })
      return { id, shape: [...shape], dtype }
    })
    return results
  }

  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number {
    if (dtype === DT.int32 && values.length <= MOST_SIZES) {
      const id = this.#next++
      this.#known.set(id, { shape: [...shape], dtype, constant: Int32Array.from(values) })
      return id
    }
    const id = this.#binding.createTensor(shape, dtype, values)
    this.#known.set(id, { shape: [...shape], dtype })
    return id
  }

  deleteTensor(id: number): void {
    const known = this.#known.get(id)
    if (!known) {
      this.#binding.deleteTensor(id)
      this.#older--
      return
    }
    this.#known.delete(id)
    if (this.#failed.delete(id) || this.#waiting.delete(id)) return
    const real = id < OWN ? id : this.#real.get(id)
    this.#real.delete(id)
    if (real === undefined) return
    const feed = this.#feeds.get(real)
    if (feed) {
      feed.deleted = true
      this.#bytes += bytesOf(known)
    }
    else this.#binding.deleteTensor(real)
  }

  tensorDataSync(id: number): ArrayLike<unknown> {
    return this.#binding.tensorDataSync(this.#realOf(id))
  }

  getNumOfTensors(): number {
    return this.#older + this.#known.size
  }

  runSavedModel(model: number, inputs: readonly number[], inputNames: string, outputNames: string): Result[] {
    return this.#register(this.#binding.runSavedModel(model, inputs.map((id) => this.#realOf(id)), inputNames, outputNames))
  }

  #runNow(
    operation: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
    known: readonly (Known | undefined)[],
  ): Result[] {
    if (known.some((one) => one?.dtype === DT.resource)) this.#flush()
    return this.#register(this.#binding.executeOp(operation, attributes, inputs.map((id) => this.#realOf(id)), outputs))
  }

  #register(results: Result[]): Result[] {
    for (const { id, shape, dtype } of results) this.#known.set(id, { shape: [...shape], dtype })
    return results
  }

  #operand(id: number, { shape, dtype, constant }: Known, byNumbers: boolean): Operand {
    if (byNumbers && constant) return { kind: 'constant', shape, values: constant }
    const waiting = this.#waiting.get(id)
    if (waiting) return { kind: 'output', ...waiting }
    const real = this.#realOf(id)
    let feed = this.#feeds.get(real)
    if (!feed) {
      feed = { index: this.#feeds.size, deleted: false }
      this.#feeds.set(real, feed)
    }
    return { kind: 'feed', index: feed.index, shape, dtype }
  }

  /** The addon's handle. Runs what waits, if it is among that. */
  #realOf(id: number): number {
    if (id < OWN) return id
    if (this.#waiting.has(id)) this.#flush()
    const error = this.#failed.get(id)
    if (error) throw error
    let real = this.#real.get(id)
    if (real === undefined) {
      const known = this.#known.get(id)
      if (!known?.constant) throw new Error(`Input Tensor ID not referenced (tensor_id: ${id})`)
      real = this.#binding.createTensor(known.shape, known.dtype, known.constant)
      this.#real.set(id, real)
    }
    return real
  }

  /** Runs what waits. */
  #flush(): void {
    const [nodes, waiting, feeds] = [this.#nodes, [...this.#waiting], [...this.#feeds]]
    if (nodes.length === 0) return
    this.#nodes = []
    this.#waiting = new Map()
    this.#feeds = new Map()
    this.#bytes = 0
    try {
      const made = this.#plans.run(
        nodes,
        feeds.map(([real]) => real),
        waiting.map(([, place]) => place),
      )
      for (const [i, [id]] of waiting.entries()) this.#real.set(id, made[i])
    } catch (error) {
      const said = asBackendError('TensorFlow, running what was asked for', error)
      for (const [id] of waiting) this.#failed.set(id, said)
      throw said
    } finally {
      for (const [real, { deleted }] of feeds) if (deleted) this.#binding.deleteTensor(real)
    }
  }
}

/** Operation, attributes and inputs in words: what has the same name has outputs of the same shapes. */
function nameOf(operation: string, attributes: readonly Attribute[], outputs: number, inputs: readonly Known[], byNumbers: boolean): string {
  let name = `${operation} ${outputs}`
  for (const { name: key, value } of attributes) name += `|${key}=${String(value)}`
  for (const { shape, dtype, constant } of inputs) {
    name += `;${dtype}[${shape.join()}]`
    if (byNumbers && constant) name += `=${constant.join()}`
  }
  return name
}

const bytesOf = ({ shape, dtype }: Known): number => {
  let bytes = dtype === DT.bool || dtype === DT.uint8 ? 1 : dtype === DT.bfloat16 ? 2 : 4
  for (const size of shape) bytes *= size
  return bytes
}

/** The binding, deferring. */
export function deferBinding(binding: Binding): Binding {
  const deferred = new DeferredBinding(binding)
  const names = ['executeOp', 'createTensor', 'deleteTensor', 'tensorDataSync', 'getNumOfTensors', 'runSavedModel'] as const
  // The addon's own properties cannot be written.
  return Object.create(binding, Object.fromEntries(names.map((name) => [name, { value: deferred[name].bind(deferred) }]))) as Binding
}
