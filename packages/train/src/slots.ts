import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import type { NamedArray } from './named-array.js'

/** Internal: what an optimiser remembers of one variable. */
export interface Slot {
  /** Moments, velocity …, each in the shape of the variable, kept until disposed. */
  readonly tensors: Record<string, tf.Tensor>
  /** Updates so far. */
  step: number
}

/** Internal: the memory of an optimiser, keyed by variable name. */
export class Slots {
  readonly #owner: string
  readonly #names: readonly string[]
  readonly #counts: boolean
  #slots = new Map<string, Slot>()
  #disposed = false

  /** `counts`: whether the state carries the number of updates of each variable. */
  constructor(owner: string, names: readonly string[], counts: boolean) {
    this.#owner = owner
    this.#names = names
    this.#counts = counts
  }

  /** The slot of a variable; zeros when it is new. */
  get(name: string, variable: tf.Variable): Slot {
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      const zeros = this.#names.map((key): [string, tf.Tensor] => [key, tf.keep(tf.zeros(variable.shape))])
      slot = { tensors: Object.fromEntries(zeros), step: 0 }
      this.#slots.set(name, slot)
    }
    for (const key of this.#names) {
      const { shape } = slot.tensors[key]
      if (!sameShape(shape, variable.shape)) {
        throw new TrainError(
          'variable',
          `${this.#owner}: the loaded '${key}' of '${name}' is [${shape.join(', ')}], the variable [${variable.shape.join(', ')}]. ` +
            'Load the state of this very model.',
        )
      }
    }
    return slot
  }

  /** Puts a new value in a slot and frees the old one. Inside a tidy the new one outlives it. */
  replace(slot: Slot, key: string, value: tf.Tensor): void {
    slot.tensors[key].dispose()
    slot.tensors[key] = tf.keep(value)
  }

  /** Throws when disposed. */
  check(): void {
    if (this.#disposed) throw new TrainError('disposed', `${this.#owner}: the optimiser was disposed. Create a new one.`)
  }

  async state(): Promise<Record<string, NamedArray>> {
    this.check()
    const state: Record<string, NamedArray> = {}
    for (const [name, slot] of this.#slots) {
      for (const key of this.#names) {
        const tensor = slot.tensors[key]
        // Some backends hand out their own buffer, which in-place updates go on changing: keep a copy.
        state[`${key}/${name}`] = { data: (await tensor.data<'float32'>()).slice(), shape: [...tensor.shape] }
      }
      if (this.#counts) state[`step/${name}`] = { data: Int32Array.of(slot.step), shape: [] }
    }
    return state
  }

  load(state: Readonly<Record<string, NamedArray>>): void {
    this.check()
    const keys = this.#counts ? [...this.#names, 'step'] : this.#names
    const byVariable = new Map<string, Map<string, NamedArray>>()
    for (const [path, array] of Object.entries(state)) {
      const slash = path.indexOf('/')
      const key = path.slice(0, slash)
      if (slash < 1 || !keys.includes(key)) {
        throw new TrainError(
          'checkpoint',
          `${this.#owner}: the state has '${path}', but holds only ${keys.map((k) => `'${k}/<variable>'`).join(', ') || 'nothing'}. ` +
            'It is of another optimiser.',
        )
      }
      const count = array.shape.reduce((product, size) => product * size, 1)
      if (
        array.data.length !== count ||
        (key === 'step') !== array.data instanceof Int32Array ||
        (key === 'step' && !(array.data[0] >= 0))
      ) {
        throw new TrainError(
          'checkpoint',
          `${this.#owner}: '${path}' is damaged: ${array.data.length} numbers for [${array.shape.join(', ')}].`,
        )
      }
      const name = path.slice(slash + 1)
      byVariable.set(name, (byVariable.get(name) ?? new Map<string, NamedArray>()).set(key, array))
    }
    for (const [name, arrays] of byVariable) {
      const missing = keys.filter((key) => !arrays.has(key))
      if (missing.length > 0) {
        throw new TrainError(
          'checkpoint',
          `${this.#owner}: the state of '${name}' lacks ${missing.join(' and ')}. The checkpoint is not whole.`,
        )
      }
    }
    this.#free()
    for (const [name, arrays] of byVariable) {
      const tensors = this.#names.map((key): [string, tf.Tensor] => {
        const { data, shape } = arrays.get(key)!
        return [key, tf.keep(tf.tensor(data.slice(), [...shape], 'float32'))]
      })
      this.#slots.set(name, { tensors: Object.fromEntries(tensors), step: arrays.get('step')?.data[0] ?? 0 })
    }
  }

  dispose(): void {
    this.#free()
    this.#disposed = true
  }

  #free(): void {
    for (const slot of this.#slots.values()) tf.dispose(slot.tensors)
    this.#slots = new Map()
  }
}

/** Internal: whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}
