/** What went wrong, for programs: `AUGMENT_RANGE` a value outside its range, `AUGMENT_SHAPE` sizes that do not fit together,
 * `AUGMENT_JSON` a saved transform, draw or state that cannot be read, `AUGMENT_NOT_FINITE` NaN or infinity in audio,
 * `AUGMENT_RNG` a random source that leaves [0, 1). */
export type AugmentErrorCode = 'AUGMENT_RANGE' | 'AUGMENT_SHAPE' | 'AUGMENT_JSON' | 'AUGMENT_NOT_FINITE' | 'AUGMENT_RNG'

/** Every error of this package. The message reads: function: rule, value received, way out. */
export class AugmentError extends Error {
  override readonly name: string = 'AugmentError'
  readonly code: AugmentErrorCode

  constructor(code: AugmentErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
