import { DT } from './binding.js'
import type { Binding } from './binding.js'

/** A tensor on the GPU, and how many of the handles given out for it are not deleted yet. */
interface Kept {
  readonly id: number
  users: number
}

/** Numbers of a list that is kept, at most; lists, at most, except while more are in use. */
const [MOST_NUMBERS, MOST_LISTS] = [4, 256]

/**
 * The binding with short lists of float32 numbers kept on the GPU, one tensor for all of the same shape and numbers. Bringing a number there waits for everything that was
 * started before; a training step has hundreds that are the same in every step.
 */
export function keepConstants(binding: Binding): Binding {
  const kept = new Map<string, Kept>()
  const keys = new Map<number, string>()

  const createTensor: Binding['createTensor'] = (shape, dtype, values) => {
    if (dtype !== DT.float || !(values instanceof Float32Array) || values.length > MOST_NUMBERS) {
      return binding.createTensor(shape, dtype, values)
    }
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
    const key = `${shape.join()}:${bits.join()}`
    const one = kept.get(key) ?? { id: binding.createTensor(shape, dtype, values), users: 0 }
    one.users++
    kept.delete(key)
    kept.set(key, one) // the last used are the last to go
    keys.set(one.id, key)
    if (kept.size > MOST_LISTS) drop()
    return one.id
  }
  const drop = (): void => {
    for (const [key, { id, users }] of kept) {
      if (users > 0) continue
      kept.delete(key)
      keys.delete(id)
      binding.deleteTensor(id)
      return
    }
  }
  const deleteTensor: Binding['deleteTensor'] = (id) => {
    const key = keys.get(id)
    const one = key === undefined ? undefined : kept.get(key)
    if (one) one.users--
    else binding.deleteTensor(id)
  }
  // As if each were a tensor of its own: what is kept and used by nobody is no leak.
  const getNumOfTensors = (): number => [...kept.values()].reduce((sum, { users }) => sum + users - 1, binding.getNumOfTensors())
  // The addon's own properties cannot be written.
  return Object.create(binding, {
    createTensor: { value: createTensor },
    deleteTensor: { value: deleteTensor },
    getNumOfTensors: { value: getNumOfTensors },
  }) as Binding
}
