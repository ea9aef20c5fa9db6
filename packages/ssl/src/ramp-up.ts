import { SslError } from './errors.js'

/** Options of {@link rampUp}. */
export interface RampUpOptions {
  /** Steps until the end value; 0 is a ramp that has already ended. */
  readonly steps: number
  /** `'sigmoid'` (default) exp(−5 (1 − t)²), `'linear'` t, `'cosine'` (1 − cos πt) / 2, where t = step / steps. */
  readonly shape?: 'sigmoid' | 'linear' | 'cosine'
  /** Value at the end; default 1. */
  readonly to?: number
}

/**
 * A weight that grows from (nearly) 0 to `to` and stays there: consistency losses start once the model knows something.
 * `'sigmoid'` starts at e⁻⁵ · to (Laine & Aila 2017; the mean-teacher authors' ramp), `'linear'` is MixMatch's.
 *
 * @returns `(step) → weight` for steps from 0 on
 * @throws SslError `'option'`; the function throws it for a negative or undefined step
 *
 * @example
 * const weight = rampUp({ steps: 100, to: 20 })
 * weight(0) // => ≈ 0.135
 * weight(50) // => ≈ 5.730
 * weight(1000) // => 20
 */
export function rampUp({ steps, shape = 'sigmoid', to = 1 }: RampUpOptions): (step: number) => number {
  if (!(steps >= 0 && steps < Infinity)) throw new SslError('option', `rampUp: steps must be a finite number of at least 0, got ${steps}.`)
  if (!Number.isFinite(to)) throw new SslError('option', `rampUp: to must be a finite number, got ${to}.`)
  if (!Object.hasOwn(shapes, shape)) {
    throw new SslError('option', `rampUp: shape must be 'sigmoid', 'linear' or 'cosine', got '${shape as string}'.`)
  }
  const curve = shapes[shape]
  return (step) => {
    if (!(step >= 0)) throw new SslError('option', `rampUp: step must be at least 0, got ${step}.`)
    return step >= steps ? to : to * curve(step / steps)
  }
}

const shapes: Readonly<Record<'sigmoid' | 'linear' | 'cosine', (t: number) => number>> = {
  sigmoid: (t) => Math.exp(-5 * (1 - t) ** 2),
  linear: (t) => t,
  cosine: (t) => (1 - Math.cos(Math.PI * t)) / 2,
}
