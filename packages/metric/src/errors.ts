/** Kinds of failure; they are part of the API. */
export type MetricErrorCode =
  /** Lengths, row counts or class counts do not fit. */
  | 'METRIC_SHAPE'
  /** A label that is not 0 or 1, or a score that is not a finite number. */
  | 'METRIC_VALUE'
  /** An option that is missing or out of range. */
  | 'METRIC_OPTION'
  /** An accumulator that holds nothing, or states that cannot be joined. */
  | 'METRIC_STATE'
  /** A CSV text that is not what it should be; the message names file and line. */
  | 'METRIC_CSV'

/** What every function of this package throws. `message` says the rule, the value received and the way out. */
export class MetricError extends Error {
  override readonly name = 'MetricError'
  readonly code: MetricErrorCode

  constructor(code: MetricErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
