import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { KernelName, Kernels } from './kernel-names.js'
import { safeMalloc } from './safe-malloc.js'
import type { ThreadPool } from './thread-pool.js'
import type { WasmBackend } from './wasm-backend.js'

/** Words of parameters a job may have; floating-point ones start at word 32. */
const PARAMETER_WORDS = 64
const FIRST_REAL = 32

/** Bytes of a line of the cache. */
const CACHE_LINE = 64

/** Vector operations that take longer than waking a thread, some ten microseconds. */
const PARALLEL_WORK = 30_000
/** The same where all threads are awake. */
const AWAKE_WORK = 4000

/** Options of a job. */
export interface JobOptions {
  readonly reals?: readonly number[]
  /** About the vector operations it takes; small jobs stay on one thread. Default: many. */
  readonly work?: number
  /** Default: `parts` of the heap. */
  readonly parts?: number
}

/**
 * The package's own kernels on the memory of TensorFlow.js's WebAssembly module: tensors are read and written where they lie.
 * Scratch memory comes from the module's own allocator, grows as needed and is kept.
 */
export class Heap {
  readonly threads: number
  /** How many parts a job is cut into at most: more than threads, so that a late one has less to do. */
  readonly parts: number
  readonly #backend: WasmBackend
  readonly #memory: WebAssembly.Memory
  readonly #kernels: Kernels
  readonly #pool: ThreadPool | undefined
  readonly #parameters: number
  #words: Int32Array
  #reals: Float32Array
  #scratch = 0
  #scratchBytes = 0

  constructor(backend: WasmBackend, memory: WebAssembly.Memory, kernels: Kernels, threads = 1, pool?: ThreadPool) {
    this.threads = threads
    this.parts = threads === 1 ? 1 : 2 * threads
    this.#backend = backend
    this.#memory = memory
    this.#kernels = kernels
    this.#pool = pool
    this.#parameters = this.allocate(PARAMETER_WORDS * 4, 'the parameters of a kernel')
    this.#words = new Int32Array(memory.buffer, this.#parameters, PARAMETER_WORDS)
    this.#reals = new Float32Array(memory.buffer, this.#parameters, PARAMETER_WORDS)
  }

  /** Where a tensor lies, in bytes. */
  address(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset
  }

  /** A new tensor whose elements are not set. */
  output(shape: readonly number[]): TensorInfo {
    return this.#backend.makeOutput([...shape], 'float32')
  }

  /** Views the elements of a tensor; stale once the memory grows. */
  view(tensor: TensorInfo): Float32Array {
    return this.#backend.typedArrayFromHeap(tensor) as Float32Array
  }

  /**
   * Says that a tensor was changed in place. Stock kernels keep weights repacked by the id of their tensor; registering it anew drops those copies.
   */
  changed(tensor: TensorInfo): void {
    const { id, memoryOffset } = this.#backend.dataIdMap.get(tensor.dataId)
    const { tfjs } = this.#backend.wasm
    tfjs.disposeData(id)
    tfjs.registerTensor(id, util.sizeFromShape(tensor.shape), memoryOffset)
  }

  /** Views `length` floats at an address; stale once the memory grows. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length)
  }

  /** Address of at least `bytes` bytes that stay valid until the next call, at the start of a cache line: the allocator's own may split every fourth vector. */
  scratch(bytes: number): number {
    if (bytes > this.#scratchBytes) {
      if (this.#scratch !== 0) this.#backend.wasm._free(this.#scratch)
      this.#scratch = 0
      this.#scratchBytes = 0
      this.#scratch = this.allocate(bytes + CACHE_LINE, 'the scratch memory of a kernel')
      this.#scratchBytes = bytes
    }
    return Math.ceil(this.#scratch / CACHE_LINE) * CACHE_LINE
  }

  /** Writes integers to scratch memory, `extraBytes` of which stay free behind them; valid until the next call of `scratch`. */
  table(words: readonly number[], extraBytes = 0): number {
    const target = this.scratch(words.length * 4 + extraBytes)
    new Int32Array(this.#memory.buffer, target, words.length).set(words)
    return target
  }

  /** Views `length` float64 at an address that is a multiple of 8; stale once the memory grows. */
  doubles(address: number, length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, address, length)
  }

  /**
   * Runs all parts of a job, on all threads unless it is small. `words` are integers and addresses, `reals` are rounded to float32.
   * One part or many give the same bits.
   */
  run(kernel: KernelName, words: readonly number[], { reals = [], work = Infinity, parts = this.parts }: JobOptions = {}): void {
    this.#write(words, reals)
    if (this.#pool && work >= (this.#pool.awake() ? AWAKE_WORK : PARALLEL_WORK)) this.#pool.run(kernel, this.#parameters, parts)
    else this.#kernels[kernel](this.#parameters, 0, 1, 0)
  }

  /** Runs a job too small to be worth sharing out. */
  runAlone(kernel: KernelName, words: readonly number[], { reals = [] }: JobOptions = {}): void {
    this.#write(words, reals)
    this.#kernels[kernel](this.#parameters, 0, 1, 0)
  }

  /** Memory from TensorFlow.js's own allocator. Throws `out-of-memory`. */
  allocate(bytes: number, what: string): number {
    const pointer = safeMalloc(this.#backend, this.#memory)(bytes)
    if (pointer === 0) throw outOfMemory(what, bytes, this.#memory.buffer.byteLength)
    return pointer
  }

  #write(words: readonly number[], reals: readonly number[]): void {
    if (this.#words.buffer !== this.#memory.buffer) {
      this.#words = new Int32Array(this.#memory.buffer, this.#parameters, PARAMETER_WORDS)
      this.#reals = new Float32Array(this.#memory.buffer, this.#parameters, PARAMETER_WORDS)
    }
    for (let i = 0; i < words.length; i++) this.#words[i] = words[i]
    for (let i = 0; i < reals.length; i++) this.#reals[FIRST_REAL + i] = reals[i]
  }
}

const mebibytes = (n: number): string => `${(n / 2 ** 20).toFixed(n < 2 ** 20 ? 3 : 1)} MiB`

/** The error for memory that could not be had. */
export function outOfMemory(what: string, bytes: number, heapBytes: number): BackendError {
  return new BackendError(
    'out-of-memory',
    `wasm: no room for ${what} (${mebibytes(bytes)}); the heap holds ${mebibytes(heapBytes)} of at most 4096 MiB. ` +
      'Lower the batch size, the length of the slices or the width of the network, or dispose tensors that are no longer needed.',
  )
}
