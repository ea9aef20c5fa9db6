import { EnsembleError } from './errors.js'

/** Throws `ENSEMBLE_RANGE` unless `value` is an integer of at least `minimum` (inclusive) and at most `maximum`. */
export function requireInteger(
  where: string,
  name: string,
  value: number,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return
  const range = maximum === Number.MAX_SAFE_INTEGER ? `at least ${minimum}` : `from ${minimum} to ${maximum}`
  throw new EnsembleError(
    'ENSEMBLE_RANGE',
    `${where}: ${name} must be an integer ${range}, got ${String(value)}. Pass ${name} in that range.`,
  )
}
