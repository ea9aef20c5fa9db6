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
 * Where the backend has the kernel `AudiotagAdam`, values and moments are updated in place, without temporaries; with `AudiotagAdamAll`, those
 * of all variables in one call.
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
      // Variables updated equally often share their bias corrections: one group, as a rule.
      const counts = [...new Set(pairs.map(({ slot }) => slot.step + 1))]
      const groups = counts.map((count) => ({ count, group: pairs.filter(({ slot }) => slot.step + 1 === count) }))
      for (const { count, group } of groups) {
        const correction1 = 1 - beta1 ** count
        const correction2 = 1 - beta2 ** count
        if (hasKernel('AudiotagAdam')) {
          const [m, v] = ['m', 'v'].map((key) => group.map(({ slot }) => slot.tensors[key]))
          const lists = { m, v, gradients: group.map(({ gradient }) => gradient) }
          const attributes = { learningRate, beta1, beta2, epsilon, correction1, correction2 }
          runInPlace(
            'AudiotagAdam',
            group.map(({ variable }) => variable),
            lists,
            attributes,
          )
        } else {
          tf.tidy(() => {
            // The same update with both corrections moved into two numbers: rate √c₂ / c₁ and ε √c₂.
            const numbers = [
              beta1,
              1 - beta1,
              beta2,
              1 - beta2,
              (learningRate * Math.sqrt(correction2)) / correction1,
              epsilon * Math.sqrt(correction2),
            ]
            const [decay1, gain1, decay2, gain2, rate, floor] = numbers.map((value) => tf.scalar(value))
            for (const { variable, gradient, slot } of group) {
              tf.tidy(() => {
                const m = tf.add(tf.mul(slot.tensors['m'], decay1), tf.mul(gradient, gain1))
                const v = tf.add(tf.mul(slot.tensors['v'], decay2), tf.mul(tf.square(gradient), gain2))
                variable.assign(tf.sub(variable, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), floor))))
                slots.replace(slot, 'm', m)
                slots.replace(slot, 'v', v)
              })
            }
          })
        }
        for (const { slot } of group) slot.step = count
      }
    },

    state: (): Promise<Record<string, NamedArray>> => slots.state(),
    load: (state: Readonly<Record<string, NamedArray>>): void => slots.load(state),
    dispose: (): void => slots.dispose(),
  })
}
