import { BackendError } from '../errors.js'
import { asBackendError } from './as-backend-error.js'
import type { Attribute, Binding, Result } from './binding.js'
import { attribute, DT } from './binding.js'
import { DEFERRABLE } from './deferrable-operations.js'
import { flatLayout, JOIN, joinNow, partNow } from './flat-tensor.js'
import { GraphPlans } from './graph-plans.js'

/** What is known of a handle. */
interface Known {
  readonly shape: readonly number[]
  readonly dtype: number
  /** Numbers of a size or an axis, or none at all. TensorFlow has them once an operation that is not deferred asks. */
  readonly constant?: Int32Array | Float32Array
  /** A variable's handle, whose numbers these are: read once somebody asks, or before they change. */
  readonly variable?: number
  /** A part of a vector, a variable, whose numbers it always has. */
  readonly part?: Part
}

interface Part {
  readonly variable: number
  readonly offset: number
}

/** An input of a deferred operation. */
export type Operand =
  | { readonly kind: 'feed'; readonly index: number; readonly shape: readonly number[]; readonly dtype: number }
  | { readonly kind: 'output'; readonly node: number; readonly output: number }
  /** A part of a feed, a vector of `total` float32 numbers. */
  | { readonly kind: 'part'; readonly index: number; readonly total: number; readonly offset: number; readonly shape: readonly number[] }
  | { readonly kind: 'constant'; readonly shape: readonly number[]; readonly dtype: number; readonly values: Int32Array | Float32Array }

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

/** Types of what waits, with the bytes of a number. */
const BYTES = new Map<number, number>([
  [DT.float, 4],
  [DT.double, 8],
  [DT.int32, 4],
  [DT.uint8, 1],
  [DT.bool, 1],
  [DT.bfloat16, 2],
])

/**
 * The binding with operations that wait until somebody wants their numbers, to run as one graph. One by one, each costs TensorFlow some tenths of a millisecond,
 * however little it computes; in a graph a tenth of that, and several run at a time.
 *
 * An operation of a new kind (name, attributes, shapes) runs on ones first: that is how its shapes become known, and why most errors come where it is called. Whatever has side effects runs after all
 * that waits. What waits together depends on the calls alone, not on what has run before, so that the same program gives the same bits, from the first step on and when it goes on in another process.
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
  /** Handles of what was to be read from variables and has not been, by variable. */
  readonly #unread = new Map<number, Set<number>>()
  /** Handles of parts whose numbers were read as they are now, by variable. */
  readonly #read = new Map<number, Set<number>>()
  #next = OWN
  /** Handles from before. */
  #older: number

  #nodes: DeferredNode[] = []
  /** Outputs of nodes that the caller holds. */
  #waiting = new Map<number, { readonly node: number; readonly output: number }>()
  /** The addon's handles that nodes read, and whether the caller has deleted them since. */
  #feeds = new Map<number, { readonly index: number; deleted: boolean }>()
  /** Feeds of the numbers of variables of which nodes read parts, by variable. */
  #vectors = new Map<number, number>()
  #bytes = 0

  constructor(binding: Binding) {
    this.#binding = binding
    this.#plans = new GraphPlans(binding)
    this.#older = binding.getNumOfTensors()
  }

  executeOp(operation: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Result[] {
    if (operation === 'ReadVariableOp') return [this.#readLater(attributes, inputs[0])]
    const known = inputs.map((id) => this.#known.get(id))
    const read = known.every(isNumbers) ? asInputs(operation, known) : undefined
    // Its shapes are not known, or what it makes of ones is an error: it may be none with the numbers there are.
    const seen = read && this.#kindOf(operation, attributes, read, outputs)
    if (!seen) return this.#runNow(operation, attributes, inputs, outputs, known)
    if (this.#nodes.length >= MOST_NODES || this.#bytes > MOST_BYTES) this.#flush()
    const operands = inputs.map((id, i) => this.#operand(id, read[i]))
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
    if (values.length === 0 || (dtype === DT.int32 && values.length <= MOST_SIZES)) {
      const id = this.#next++
      this.#known.set(id, { shape: [...shape], dtype, constant: values.slice() })
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
    this.#unread.delete(id)
    if (known.part) this.#read.get(known.part.variable)?.delete(id)
    if (known.variable !== undefined) this.#unread.get(known.variable)?.delete(id)
    if (this.#failed.delete(id) || this.#waiting.delete(id)) return
    const real = id < OWN ? id : this.#real.get(id)
    this.#real.delete(id)
    if (real === undefined) return
    const feed = this.#feeds.get(real)
    if (feed) {
      feed.deleted = true
      this.#bytes += bytesOf(known)
    } else this.#binding.deleteTensor(real)
  }

  tensorDataSync(id: number): ArrayLike<unknown> {
    return this.#binding.tensorDataSync(this.#realOf(id))
  }

  getNumOfTensors(): number {
    return this.#older + this.#known.size
  }

  runSavedModel(model: number, inputs: readonly number[], inputNames: string, outputNames: string): Result[] {
    return this.#register(
      this.#binding.runSavedModel(
        model,
        inputs.map((id) => this.#realOf(id)),
        inputNames,
        outputNames,
      ),
    )
  }

  /** Handles of tensors that lie in a variable, a vector, in its layout: they have its numbers, also when they change. */
  partsOf(variable: number, shapes: readonly (readonly number[])[]): number[] {
    const { offsets } = flatLayout(shapes)
    return shapes.map((shape, i) => {
      const id = this.#next++
      this.#known.set(id, { shape: [...shape], dtype: DT.float, part: { variable, offset: offsets[i] } })
      return id
    })
  }

  /** Lays float32 tensors in one vector. */
  join(inputs: readonly number[], shapes: readonly (readonly number[])[]): number {
    const known = inputs.every((id) => isNumbers(this.#known.get(id)))
    if (known) return this.executeOp(JOIN, [], inputs, 1)[0].id
    const real = inputs.map((id) => this.#realOf(id))
    return this.#register([joinNow(this.#binding, real, shapes)])[0].id
  }

  /** The number of a kind of operation, and what it makes: known once it has run on ones. */
  #kindOf(
    operation: string,
    attributes: readonly Attribute[],
    inputs: readonly Known[],
    outputs: number,
  ): { readonly kind: number; readonly outputs: readonly Known[] } | undefined {
    const name = nameOf(operation, attributes, inputs, outputs)
    const seen = this.#kinds.get(name)
    if (seen) return seen
    if (operation === JOIN) return this.#remember(name, [{ shape: [flatLayout(inputs.map(({ shape }) => shape)).total], dtype: DT.float }])
    const binding = this.#binding
    const made: number[] = []
    const run = (operation: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Result[] => {
      const results = binding.executeOp(operation, attributes, inputs, outputs)
      made.push(...results.map(({ id }) => id))
      return results
    }
    const keep = (shape: readonly number[], dtype: number, values: Int32Array | Float32Array): number => {
      const id = binding.createTensor(shape, dtype, values)
      made.push(id)
      return id
    }
    try {
      const ones = inputs.map(({ shape, dtype, constant }) => {
        if (constant) return keep(shape, dtype, constant)
        const types = [attribute.type('SrcT', DT.int32), attribute.type('DstT', dtype)]
        const [one] = run('Cast', types, [keep([], DT.int32, Int32Array.of(1))], 1)
        const dims = keep([shape.length], DT.int32, Int32Array.from(shape))
        return run('Fill', [attribute.type('T', dtype), attribute.type('index_type', DT.int32)], [dims, one.id], 1)[0].id
      })
      const results = run(operation, attributes, ones, outputs)
      return this.#remember(name, results)
    } catch {
      return undefined
    } finally {
      for (const id of made) binding.deleteTensor(id)
    }
  }

  #remember(name: string, results: readonly Known[]): { readonly kind: number; readonly outputs: readonly Known[] } {
    const seen = { kind: this.#plans.newKind(), outputs: results.map(({ shape, dtype }) => ({ shape, dtype })) }
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear()
    this.#kinds.set(name, seen)
    return seen
  }

  #runNow(
    operation: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
    known: readonly (Known | undefined)[],
  ): Result[] {
    for (const [i, one] of known.entries()) if (one?.dtype === DT.resource) this.#beforeChange(inputs[i])
    const results = this.#register(
      this.#binding.executeOp(
        operation,
        attributes,
        inputs.map((id) => this.#realOf(id)),
        outputs,
      ),
    )
    // A variable's handle is a scalar; its numbers are not.
    const shape = operation === 'VarHandleOp' ? attributes.find(({ name }) => name === 'shape') : undefined
    if (shape) this.#known.set(results[0].id, { shape: shape.value as number[], dtype: DT.resource })
    return results
  }

  /** A variable's numbers as they are now. Most that an optimiser keeps are never asked for. */
  #readLater(attributes: readonly Attribute[], variable: number): Result {
    const { shape } = this.#known.get(variable) as Known
    const id = this.#next++
    const dtype = attributes.find(({ name }) => name === 'dtype')?.value as number
    this.#known.set(id, { shape, dtype, variable })
    let unread = this.#unread.get(variable)
    if (!unread) {
      unread = new Set()
      this.#unread.set(variable, unread)
    }
    unread.add(id)
    return { id, shape: [...shape], dtype }
  }

  #beforeChange(variable: number): void {
    this.#flush()
    for (const id of this.#unread.get(variable) ?? []) this.#realOf(id)
    for (const id of this.#read.get(variable) ?? []) {
      this.#binding.deleteTensor(this.#real.get(id) as number)
      this.#real.delete(id)
    }
    this.#read.delete(variable)
  }

  #register(results: Result[]): Result[] {
    for (const { id, shape, dtype } of results) this.#known.set(id, { shape: [...shape], dtype })
    return results
  }

  #operand(id: number, { shape, dtype, constant }: Known): Operand {
    if (constant) return { kind: 'constant', shape, dtype, values: constant }
    const waiting = this.#waiting.get(id)
    if (waiting) return { kind: 'output', ...waiting }
    const { part } = this.#known.get(id) as Known
    if (part) {
      const [total] = (this.#known.get(part.variable) as Known).shape
      return { kind: 'part', index: this.#vectorOf(part.variable), total, offset: part.offset, shape }
    }
    return { kind: 'feed', index: this.#feedOf(this.#realOf(id)), shape, dtype }
  }

  #feedOf(real: number, deleted = false): number {
    let feed = this.#feeds.get(real)
    if (!feed) {
      feed = { index: this.#feeds.size, deleted }
      this.#feeds.set(real, feed)
    }
    return feed.index
  }

  /** The feed of a variable's numbers, read once for all that waits. */
  #vectorOf(variable: number): number {
    let index = this.#vectors.get(variable)
    if (index === undefined) {
      index = this.#feedOf(this.#readNow(variable), true)
      this.#vectors.set(variable, index)
    }
    return index
  }

  /** The addon's handle. Runs what waits, if it is among that. */
  #realOf(id: number): number {
    if (id < OWN) return id
    if (this.#waiting.has(id)) this.#flush()
    const error = this.#failed.get(id)
    if (error) throw error
    let real = this.#real.get(id)
    if (real === undefined) {
      real = this.#make(id)
      this.#real.set(id, real)
    }
    return real
  }

  #make(id: number): number {
    const known = this.#known.get(id)
    if (known?.constant) return this.#binding.createTensor(known.shape, known.dtype, known.constant)
    if (known?.part) {
      const { variable, offset } = known.part
      const vector = this.#readNow(variable)
      try {
        const made = partNow(this.#binding, vector, offset, known.shape).id
        this.#read.set(variable, (this.#read.get(variable) ?? new Set()).add(id))
        return made
      } finally {
        this.#binding.deleteTensor(vector)
      }
    }
    if (known?.variable === undefined) throw new Error(`Input Tensor ID not referenced (tensor_id: ${id})`)
    this.#unread.get(known.variable)?.delete(id)
    return this.#readNow(known.variable, known.dtype)
  }

  #readNow(variable: number, dtype: number = DT.float): number {
    return this.#binding.executeOp('ReadVariableOp', [attribute.type('dtype', dtype)], [variable], 1)[0].id
  }

  /** Runs what waits. */
  #flush(): void {
    const [nodes, waiting, feeds] = [this.#nodes, [...this.#waiting], [...this.#feeds]]
    if (nodes.length === 0 && feeds.length === 0) return
    this.#nodes = []
    this.#waiting = new Map()
    this.#feeds = new Map()
    this.#vectors = new Map()
    this.#bytes = 0
    try {
      const made = this.#plans.run(
        nodes,
        feeds.map(([real]) => real),
        waiting.map(([, place]) => place),
      )
      for (const [i, [id]] of waiting.entries()) this.#real.set(id, made[i])
    } catch (error) {
      const said = error instanceof BackendError ? error : asBackendError('TensorFlow, running operations together', error)
      for (const [id] of waiting) this.#failed.set(id, said)
      throw said
    } finally {
      for (const [real, { deleted }] of feeds) if (deleted) this.#binding.deleteTensor(real)
    }
  }
}

const isNumbers = (known: Known | undefined): known is Known => known !== undefined && BYTES.has(known.dtype)

/** What an operation takes, with the numbers of sizes and of nothing else; `undefined` if they are not known, or it is none that waits. */
function asInputs(operation: string, known: readonly Known[]): Known[] | undefined {
  const sizes = DEFERRABLE.get(operation)
  if (!sizes) return undefined
  const inputs: Known[] = []
  for (const [i, one] of known.entries()) {
    const isSize = sizes.includes(i) || sizes.includes(i - known.length)
    if (isSize && !one.constant) return undefined
    inputs.push(isSize || one.constant?.length === 0 ? one : { shape: one.shape, dtype: one.dtype })
  }
  return inputs
}

/** Operation, attributes and inputs in words: what has the same name has outputs of the same shapes. */
function nameOf(operation: string, attributes: readonly Attribute[], inputs: readonly Known[], outputs: number): string {
  let name = `${operation} ${outputs}`
  for (const { name: key, value } of attributes) name += `|${key}=${String(value)}`
  for (const { shape, dtype, constant } of inputs) {
    name += `;${dtype}[${shape.join()}]`
    if (constant) name += `=${constant.join()}`
  }
  return name
}

const bytesOf = ({ shape, dtype }: Known): number => {
  let bytes = BYTES.get(dtype) ?? 0
  for (const size of shape) bytes *= size
  return bytes
}

/** The binding, deferring. */
export function deferBinding(binding: Binding): Binding {
  const deferred = new DeferredBinding(binding)
  const names = [
    'executeOp',
    'createTensor',
    'deleteTensor',
    'tensorDataSync',
    'getNumOfTensors',
    'runSavedModel',
    'partsOf',
    'join',
  ] as const
  // The addon's own properties cannot be written.
  return Object.create(binding, Object.fromEntries(names.map((name) => [name, { value: deferred[name].bind(deferred) }]))) as Binding
}
