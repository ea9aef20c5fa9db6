import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import type { NamedArray } from './named-array.js'
import type { Optimizer } from './optimizer.js'
import { Slots } from './slots.js'
import { hasKernel, runInPlace, updates } from './updates.js'

/** Options of {@link adam}. */
export interface AdamOptions {
  /** Decay of the mean of gradients, 0 to below 1; default 0.9. */
  readonly beta1?: number
  /** Decay of the mean of squared gradients, 0 to below 1; default 0.999. */
  readonly beta2?: number
  /** Added outside the root, above 0; default 1e-8 (PyTorch's; TensorFlow.js has 1e-7). */
  readonly epsilon?: number
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1) as PyTorch computes it: m = β₁ m + (1 − β₁) g, v = β₂ v + (1 − β₂) g²,
 * x = x − rate · (m / (1 − β₁ᵏ)) / (√(v / (1 − β₂ᵏ)) + ε), where k counts the updates of that very variable.
 *
 * State: `m/<variable>`, `v/<variable>` in the variable's shape, `step/<variable>` an int32.
 * Where the backend has the kernel `AudiotagAdam`, values and moments are updated in place, without temporaries.
 *
 * @throws TrainError `'option'`
 *
 * Paper §5: the optimiser of the log-mel models, rate 1e-3 to 1e-6 in cosine cycles.
 */
export function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {}): Optimizer {
  for (const [name, value] of [['beta1', beta1] as const, ['beta2', beta2] as const]) {
    if (!(value >= 0 && value < 1)) throw new TrainError('option', `adam: ${name} must be at least 0 and below 1, got ${value}.`)
  }
  if (!(epsilon > 0 && epsilon < Infinity)) throw new TrainError('option', `adam: epsilon must be above 0 and finite, got ${epsilon}.`)
  const slots = new Slots('adam', ['m', 'v'], true)

  return Object.freeze({
    config: Object.freeze({ name: 'adam' as const, beta1, beta2, epsilon }),

    apply(variables: ReadonlyMap<string, tf.Variable>, gradients: Readonly<Record<string, tf.Tensor>>, learningRate: number): void {
      const pairs = updates('adam', variables, gradients, learningRate, slots)
      const inPlace = hasKernel('AudiotagAdam')
      tf.tidy(() => {
        const [decay1, gain1, decay2, gain2] = inPlace ? [] : [beta1, 1 - beta1, beta2, 1 - beta2].map((value) => tf.scalar(value))
        // Variables updated equally often share the scalars of their bias corrections.
        const corrections = new Map<number, { rate: tf.Scalar; floor: tf.Scalar }>()
        for (const { variable, gradient, slot } of pairs) {
          const step = slot.step + 1
          const correction1 = 1 - beta1 ** step
          const correction2 = 1 - beta2 ** step
          if (inPlace) {
            const attributes = { learningRate, beta1, beta2, epsilon, correction1, correction2 }
            runInPlace('AudiotagAdam', variable, { m: slot.tensors['m'], v: slot.tensors['v'], gradient }, attributes)
          } else {
            // The same update with both corrections moved into two numbers: rate √c₂ / c₁ and ε √c₂.
            const scalars = corrections.get(step) ?? {
              rate: tf.scalar((learningRate * Math.sqrt(correction2)) / correction1),
              floor: tf.scalar(epsilon * Math.sqrt(correction2)),
            }
            corrections.set(step, scalars)
            tf.tidy(() => {
              const m = tf.add(tf.mul(slot.tensors['m'], decay1), tf.mul(gradient, gain1))
              const v = tf.add(tf.mul(slot.tensors['v'], decay2), tf.mul(tf.square(gradient), gain2))
              variable.assign(tf.sub(variable, tf.div(tf.mul(m, scalars.rate), tf.add(tf.sqrt(v), scalars.floor))))
              slots.replace(slot, 'm', m)
              slots.replace(slot, 'v', v)
            })
          }
          slot.step = step
        }
      })
    },

    state: (): Promise<Record<string, NamedArray>> => slots.state(),
    load: (state: Readonly<Record<string, NamedArray>>): void => slots.load(state),
    dispose: (): void => slots.dispose(),
  })
}
