/** Code of an {@link EnsembleError}; part of the API. */
export type EnsembleErrorCode = 'ENSEMBLE_RANGE' | 'ENSEMBLE_SHAPE' | 'ENSEMBLE_NOT_FINITE' | 'ENSEMBLE_MEMBERS' | 'ENSEMBLE_EMPTY'

/**
 * The one error class of this package. Messages read: function: rule, value received. Way out.
 *
 * Codes: `ENSEMBLE_RANGE` (an option outside its range), `ENSEMBLE_SHAPE` (lengths that do not fit together),
 * `ENSEMBLE_NOT_FINITE` (NaN or infinity), `ENSEMBLE_MEMBERS` (members that overlap, repeat or leave clips out),
 * `ENSEMBLE_EMPTY` (nothing to work on).
 */
export class EnsembleError extends Error {
  override readonly name: string = 'EnsembleError'
  readonly code: EnsembleErrorCode

  constructor(code: EnsembleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
