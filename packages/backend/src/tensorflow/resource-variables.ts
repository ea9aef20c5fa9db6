import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { NodeBackend } from './node-backend.js'
import { createResource, destroyResource, FLOATS } from './resource.js'

/** A resource variable of TensorFlow, and the handle that a tensor of TensorFlow.js read from it last. */
interface Held {
  readonly resource: number
  last: number
  /** Whether the tensor has no handle until it is asked for one. */
  unread: boolean
}

/**
 * Tensors of TensorFlow.js that TensorFlow updates in place. Each gets a resource variable, and reads it again after every update: values at once, what an optimiser
 * keeps when it is asked for, which is seldom. Whatever else gives it numbers (assign, load) leaves another handle, which is assigned to the variable.
 */
export class ResourceVariables {
  readonly #backend: NodeBackend
  readonly #held = new Map<object, Held>()

  constructor(backend: NodeBackend) {
    this.#backend = backend
    const disposeData = backend.disposeData.bind(backend)
    backend.disposeData = (dataId, force) => {
      const gone = disposeData(dataId, force)
      if (gone) this.#drop(dataId)
      return gone
    }
  }

  /** Runs `update` row by row with the resources of the lists' tensors, in order, and the handle of the row's gradient. */
  update(
    lists: readonly (readonly TensorInfo[])[],
    gradients: readonly TensorInfo[],
    update: (resources: readonly number[], gradient: number) => void,
  ): void {
    for (const [row, gradient] of gradients.entries()) {
      const [id] = this.#backend.getInputTensorIds([gradient])
      this.#change(
        lists.map((list) => list[row]),
        (resources) => update(resources, id),
      )
    }
  }

  /** Meanwhile the tensors give up their handles: a buffer that one alone holds is changed where it lies, else TensorFlow makes a copy. */
  #change(tensors: readonly TensorInfo[], update: (resources: readonly number[]) => void): void {
    const { binding } = this.#backend
    const resources = tensors.map((tensor) => this.#resourceOf(tensor))
    try {
      for (const { dataId } of tensors) {
        const data = this.#backend.tensorMap.get(dataId)
        const held = this.#held.get(dataId) as Held
        if (!held.unread) binding.deleteTensor(data.id)
        held.unread = false
        data.id = -1
      }
      update(resources)
    } finally {
      for (const [i, { dataId }] of tensors.entries()) {
        const data = this.#backend.tensorMap.get(dataId)
        const held = this.#held.get(dataId) as Held
        const read = (): number => {
          held.unread = false
          return (held.last = binding.executeOp('ReadVariableOp', [FLOATS], [resources[i]], 1)[0].id)
        }
        if (data.id >= 0) held.last = data.id
        else if (i === 0) data.id = read()
        else {
          held.unread = true
          readLater(data, read)
        }
      }
    }
  }

  /** The resource of a tensor, with its numbers. */
  #resourceOf(tensor: TensorInfo): number {
    const { binding } = this.#backend
    let held = this.#held.get(tensor.dataId)
    if (held?.unread) return held.resource
    const [id] = this.#backend.getInputTensorIds([tensor])
    if (!held) {
      held = { resource: createResource(binding, tensor.shape), last: -1, unread: false }
      this.#held.set(tensor.dataId, held)
    }
    if (held.last !== id) binding.executeOp('AssignVariableOp', [FLOATS], [held.resource, id], 0)
    return held.resource
  }

  #drop(dataId: object): void {
    const held = this.#held.get(dataId)
    if (!held) return
    this.#held.delete(dataId)
    destroyResource(this.#backend.binding, held.resource)
  }
}

/** Gives a tensor its handle when it is asked for, or another is set. */
function readLater(data: { id: number }, read: () => number): void {
  const settle = (value: number): number => {
    Object.defineProperty(data, 'id', { value, writable: true, enumerable: true, configurable: true })
    return value
  }
  Object.defineProperty(data, 'id', { get: () => settle(read()), set: settle, enumerable: true, configurable: true })
}
