import type { Report } from '../run/events.js'

/** What every stage is told besides the run folder. None of it changes a result's bits, except the choice of the backend. */
export interface StageOptions {
  readonly report: Report
  readonly signal: AbortSignal
  readonly backend: string
  /** Threads of the backend in each process. */
  readonly threads: number
  /** Training and prediction processes side by side. */
  readonly jobs: number
  /** Threads that decode and augment. */
  readonly workers: number
  readonly skipBad: boolean
}
