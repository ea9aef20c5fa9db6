import { SslError } from './errors.js'

/** Internal: throws unless `p` is `[clips, classes]` of numbers within 0 and 1. */
export function checkProbabilities(owner: string, p: Float32Array, classes: number): void {
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new SslError('option', `${owner}: classes must be a whole number of at least 1, got ${classes}.`)
  }
  if (p.length % classes !== 0) {
    throw new SslError(
      'shape',
      `${owner}: ${p.length} numbers are no whole rows of ${classes} classes. Pass [clips, classes], row after row.`,
    )
  }
  const wrong = p.findIndex((value) => !(value >= 0 && value <= 1))
  if (wrong >= 0) {
    throw new SslError(
      'probability',
      `${owner}: probabilities must be within 0 and 1, got ${p[wrong]} for class ${wrong % classes} of clip ${Math.floor(wrong / classes)}. ` +
        'Pass probabilities, not logits.',
    )
  }
}

/** Internal: throws unless `value` is above 0 and finite. */
export function checkPositive(owner: string, name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) throw new SslError('option', `${owner}: ${name} must be above 0 and finite, got ${value}.`)
}

/** Internal: throws unless `threshold` is within 0 and 1. */
export function checkThreshold(owner: string, threshold: number): void {
  if (!(threshold >= 0 && threshold <= 1)) throw new SslError('option', `${owner}: threshold must be within 0 and 1, got ${threshold}.`)
}
