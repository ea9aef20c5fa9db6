import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import type { NamedArray } from './named-array.js'
import type { Optimizer } from './optimizer.js'
import { Slots } from './slots.js'
import { hasKernel, runInPlace, updates } from './updates.js'

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** 0 to below 1; default 0. The authors' code has 0.9, the paper names none. */
  readonly momentum?: number
  /** Nesterov's look ahead, which needs momentum; default false. The authors' code has true. */
  readonly nesterov?: boolean
}

/**
 * Gradient descent as PyTorch computes it: v = momentum · v + g, x = x − rate · v, with Nesterov x − rate · (g + momentum · v).
 *
 * State: `velocity/<variable>` in the variable's shape; nothing without momentum.
 * Where the backend has the kernel `AudiotagSgd`, values and velocities are updated in place, without temporaries; with `AudiotagSgdAll`, those
 * of all variables in one call.
 *
 * @throws TrainError `'option'`
 *
 * Paper §5: the optimiser of the waveform models, rate 0.1 to 1e-6 in cosine cycles.
 */
export function sgd({ momentum = 0, nesterov = false }: SgdOptions = {}): Optimizer {
  if (!(momentum >= 0 && momentum < 1)) throw new TrainError('option', `sgd: momentum must be at least 0 and below 1, got ${momentum}.`)
  if (nesterov && momentum === 0) {
    throw new TrainError('option', 'sgd: nesterov needs a momentum above 0, got 0. Give momentum: 0.9, or nesterov: false.')
  }
  const slots = new Slots('sgd', momentum === 0 ? [] : ['velocity'], false)

  return Object.freeze({
    config: Object.freeze({ name: 'sgd' as const, momentum, nesterov }),

    apply(variables: ReadonlyMap<string, tf.Variable>, gradients: Readonly<Record<string, tf.Tensor>>, learningRate: number): void {
      const pairs = updates('sgd', variables, gradients, learningRate, slots)
      if (momentum > 0 && hasKernel('AudiotagSgd')) {
        const lists = { velocities: pairs.map(({ slot }) => slot.tensors['velocity']), gradients: pairs.map(({ gradient }) => gradient) }
        runInPlace(
          'AudiotagSgd',
          pairs.map(({ variable }) => variable),
          lists,
          { learningRate, momentum, nesterov },
        )
        return
      }
      tf.tidy(() => {
        const [rate, decay] = [tf.scalar(learningRate), tf.scalar(momentum)]
        for (const { variable, gradient, slot } of pairs) {
          tf.tidy(() => {
            if (momentum === 0) {
              variable.assign(tf.sub(variable, tf.mul(gradient, rate)))
              return
            }
            const velocity = tf.add(tf.mul(slot.tensors['velocity'], decay), gradient)
            const direction = nesterov ? tf.add(gradient, tf.mul(velocity, decay)) : velocity
            variable.assign(tf.sub(variable, tf.mul(direction, rate)))
            slots.replace(slot, 'velocity', velocity)
          })
        }
      })
    },

    state: (): Promise<Record<string, NamedArray>> => slots.state(),
    load: (state: Readonly<Record<string, NamedArray>>): void => slots.load(state),
    dispose: (): void => slots.dispose(),
  })
}
