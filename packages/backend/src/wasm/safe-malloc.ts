import { BackendError } from '../errors.js'
import type { WasmBackend } from './wasm-backend.js'

const END = 2 ** 32
/** Left to stock kernels, which allocate scratch memory by themselves and do not look whether they got it. */
const RESERVE = 64 * 2 ** 20
/** More than the allocator takes on top of what is asked for, less than what the heap lacks to 4 GiB. */
const HEADER = 4096
/** Bytes of the trial that finds the break. */
const TRIAL = 2 ** 20

const known = new WeakMap<object, (bytes: number) => number>()

/**
 * Allocates on the heap of TensorFlow.js's module; 0 when there is no room.
 *
 * The module's own allocator does not notice when the end of the heap passes 4 GiB: the sum wraps to a small number, and the block it gives reaches over the
 * end. Shortly before that point we make the break look so high that growing is refused, as it should be; free blocks are still given out.
 */
export function safeMalloc(backend: WasmBackend, memory: WebAssembly.Memory): (bytes: number) => number {
  let safe = known.get(backend)
  if (safe) return safe
  const malloc = (bytes: number): number => (backend.wasm.asm['malloc'] as (bytes: number) => number)(bytes) >>> 0
  const place = findBreak(backend, memory, malloc)
  safe = (bytes) => {
    let words = new Uint32Array(memory.buffer, place, 1)
    const end = words[0]
    if (end + bytes + RESERVE < END) return malloc(bytes)
    if (bytes >= END - 2 * HEADER) return 0
    words[0] = END - HEADER - bytes
    const pointer = malloc(bytes)
    words = new Uint32Array(memory.buffer, place, 1)
    words[0] = end
    return pointer
  }
  known.set(backend, safe)
  return safe
}

/** Address of the word that holds the end of the used heap. Allocating moves it; set too high, it refuses. */
function findBreak(backend: WasmBackend, memory: WebAssembly.Memory, malloc: (bytes: number) => number): number {
  const first = malloc(16)
  const before = new Uint32Array(memory.buffer, 0, first >>> 2).slice()
  const pointer = malloc(TRIAL)
  const words = new Uint32Array(memory.buffer, 0, first >>> 2)
  const free = (address: number): void => backend.wasm._free(address)
  const place = words.findIndex((word, i) => word !== before[i] && word >= pointer + TRIAL && word < pointer + TRIAL + HEADER)
  if (place !== -1) {
    const end = words[place]
    words[place] = END - HEADER - 2 * TRIAL
    const refused = malloc(2 * TRIAL)
    new Uint32Array(memory.buffer, place * 4, 1)[0] = end
    if (refused === 0) {
      free(pointer)
      free(first)
      return place * 4
    }
  }
  throw new BackendError(
    'start',
    'useWasm: TensorFlow.js manages its wasm memory in a way unknown to this package, which knows 4.22.0. Install that version.',
  )
}
