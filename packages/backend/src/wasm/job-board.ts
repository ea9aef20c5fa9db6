/**
 * The words through which threads share out a job: a shared Int32Array.
 *
 * A job is cut into parts. STATE holds its number in the high half and a bit for each part in the low one, set when the part is taken or does not exist, so that
 * a thread takes a part of the job that runs now or none. Each thread begins with the parts of its own share, the same of every job, since what it wrote last is
 * in its cache; whoever is through takes from the others: a thread that is asleep, or that the system has put aside, holds nobody up for long.
 */
export const STATE = 0
/** Index into KERNEL_NAMES. */
export const KERNEL = 1
/** Address of the parameters. */
export const PARAMETERS = 2
/** Parts of the running job; at most PART_LIMIT. */
export const PARTS = 3
/** Workers that sleep, or are about to: a call that wakes nobody is saved. */
export const SLEEPING = 4
/** 1 + the thread that failed; 0 while all is well. */
export const FAILED = 5
/** Parts of the running job that are finished; on a cache line of its own, since others look at STATE meanwhile. */
export const DONE = 32
/** 1 while the main thread sleeps until DONE changes. */
export const WAITING = 33
/** Length of the board in words. */
export const BOARD_WORDS = 64

/** Parts of a job at most: bits of the low half of STATE. */
export const PART_LIMIT = 16
const ALL_TAKEN = 2 ** PART_LIMIT - 1

/** What a worker is started with. */
export interface WorkerTask {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly board: Int32Array
  readonly thread: number
  readonly threads: number
}

/** STATE when job number `job` begins: its parts are free, and none beyond. */
export function freshState(job: number, parts: number): number {
  return (job << PART_LIMIT) | (ALL_TAKEN & ~(2 ** parts - 1))
}

/** Whether a part of the job that runs is left. */
export function hasParts(state: number): boolean {
  return (state & ALL_TAKEN) !== ALL_TAKEN
}

/** Takes a part of the job that runs, if there is one left; else -1. */
export function takePart(board: Int32Array, thread: number, threads: number): number {
  for (;;) {
    const state = Atomics.load(board, STATE)
    const free = ~state & ALL_TAKEN
    if (free === 0) return -1
    // PARTS may already be the next job's; then the exchange fails.
    const parts = Atomics.load(board, PARTS)
    const first = Math.floor((thread * parts) / threads)
    const last = Math.floor(((thread + 1) * parts) / threads)
    const own = free & (2 ** last - 2 ** first)
    // The first of its own share, or the last of the others, which their threads come to last.
    const part = 31 - Math.clz32(own === 0 ? free : own & -own)
    if (Atomics.compareExchange(board, STATE, state, state | (1 << part)) === state) return part
  }
}
