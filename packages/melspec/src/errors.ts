/** What went wrong, as a stable name: see the table in the README. */
export type MelspecErrorCode =
  | 'MELSPEC_OPTION'
  | 'MELSPEC_SAMPLES'
  | 'MELSPEC_SHAPE'
  | 'AUDIO_EMPTY'
  | 'AUDIO_FORMAT'
  | 'AUDIO_CORRUPT'
  | 'AUDIO_TRUNCATED'
  | 'AUDIO_NOT_FINITE'
  | 'AUDIO_READ'
  | 'NPY_FORMAT'

/** Every error of this package. `code` is API; the message says rule, value received and way out. */
export class MelspecError extends Error {
  override readonly name = 'MelspecError'
  readonly code: MelspecErrorCode

  constructor(code: MelspecErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
