/**
 * The words through which threads share out a job: a shared Int32Array.
 *
 * A job is cut into parts. STATE holds its number in the high bits and the next part that nobody has taken in the low ones, so that a thread takes a part of
 * the job that runs now or none. Whoever is free takes the next part: a thread that is asleep, or that the system has put aside, holds nobody up for long.
 */
export const STATE = 0
/** Index into KERNEL_NAMES. */
export const KERNEL = 1
/** Address of the parameters. */
export const PARAMETERS = 2
/** Parts of the running job; less than PART_LIMIT. */
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

/** Part numbers are below this; the job's number is counted in multiples of it. */
export const PART_LIMIT = 256

/** What a worker is started with. */
export interface WorkerTask {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly board: Int32Array
  readonly thread: number
}

/** Takes the next part of the job that runs, if there is one left; else -1. */
export function takePart(board: Int32Array): number {
  for (;;) {
    const state = Atomics.load(board, STATE)
    const part = state & (PART_LIMIT - 1)
    // Between two jobs no part is left, so that PARTS, which may be changing, is never taken for the wrong job's: CAS fails if STATE has moved on.
    if (part >= Atomics.load(board, PARTS)) return -1
    if (Atomics.compareExchange(board, STATE, state, state + 1) === state) return part
  }
}
