/**
 * The words through which the main thread hands jobs to its workers: a shared Int32Array.
 * A job is posted by raising GENERATION; each worker adds one to DONE when its part is finished.
 */
export const GENERATION = 0
/** Workers that have finished their part of the running job. */
export const DONE = 1
/** Index into KERNEL_NAMES. */
export const KERNEL = 2
/** Address of the parameters. */
export const PARAMETERS = 3
/** 1 + part of a worker that failed; 0 while all is well. */
export const FAILED = 4
/** Length of the board in words; one more than used, on a cache line of its own. */
export const BOARD_WORDS = 16

/** What a worker is started with. */
export interface WorkerTask {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly board: Int32Array
  readonly part: number
  readonly parts: number
}
