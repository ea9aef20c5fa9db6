import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { Binding } from './binding.js'
import { flatLayout } from './flat-tensor.js'
import type { NodeBackend } from './node-backend.js'
import { createResource, destroyResource, FLOATS } from './resource.js'

/** Lists of tensors, each list in one resource variable of TensorFlow: row by row, values, and what an optimiser keeps of them. */
interface Held {
  readonly resources: readonly number[]
  /** Handles of parts of the variables by tensor, list after list; those of disposed tensors are gone. */
  readonly parts: Map<object, number>
}

/**
 * Lists of tensors of TensorFlow.js that TensorFlow updates in place, all rows in one call: one by one, a call costs more than what it computes where tensors are
 * small. A tensor's handle is one of a part of its list's variable. Whatever else gives it numbers (assign, load) leaves another handle, and the list is laid out again.
 */
export class FlatVariables {
  readonly #backend: NodeBackend
  readonly #binding: Required<Binding>
  readonly #held = new Map<object, Held>()

  constructor(backend: NodeBackend) {
    this.#backend = backend
    this.#binding = backend.binding as Required<Binding>
    const disposeData = backend.disposeData.bind(backend)
    backend.disposeData = (dataId, force) => {
      const id = this.#held.has(dataId) ? backend.tensorMap.get(dataId).id : -1
      const gone = disposeData(dataId, force)
      if (gone) this.#leave(dataId, id)
      return gone
    }
  }

  /** Runs `update` with a resource of each list, and a vector of the gradients. */
  update(
    lists: readonly (readonly TensorInfo[])[],
    gradients: readonly TensorInfo[],
    update: (resources: readonly number[], gradient: number) => void,
  ): void {
    const binding = this.#binding
    const held = this.#heldOf(lists)
    const gradient = this.#join(gradients)
    try {
      update(held.resources, gradient)
    } finally {
      binding.deleteTensor(gradient)
    }
  }

  #join(tensors: readonly TensorInfo[]): number {
    const shapes = tensors.map(({ shape }) => shape)
    return this.#binding.join(this.#backend.getInputTensorIds([...tensors]), shapes)
  }

  #heldOf(lists: readonly (readonly TensorInfo[])[]): Held {
    const { tensorMap } = this.#backend
    const tensors = lists.flat()
    const before = this.#held.get(tensors[0].dataId)
    const held = before && hasTensors(before, tensors) ? before : this.#hold(lists)
    const ids = tensors.map(({ dataId }) => tensorMap.get(dataId).id)
    for (const [i, list] of lists.entries()) {
      if (list.every(({ dataId }) => tensorMap.get(dataId).id === held.parts.get(dataId))) continue
      const vector = this.#join(list)
      this.#binding.executeOp('AssignVariableOp', [FLOATS], [held.resources[i], vector], 0)
      this.#binding.deleteTensor(vector)
      for (const { dataId } of list) {
        const data = tensorMap.get(dataId)
        const part = held.parts.get(dataId) as number
        if (data.id !== part) this.#binding.deleteTensor(data.id)
        data.id = part
      }
    }
    if (held === before) return held
    for (const [i, { dataId }] of tensors.entries()) {
      this.#leave(dataId, ids[i])
      this.#held.set(dataId, held)
    }
    return held
  }

  #hold(lists: readonly (readonly TensorInfo[])[]): Held {
    const binding = this.#binding
    const shapes = lists[0].map(({ shape }) => shape)
    const parts = new Map<object, number>()
    const resources = lists.map((list) => {
      const resource = createResource(binding, [flatLayout(shapes).total])
      for (const [row, part] of binding.partsOf(resource, shapes).entries()) parts.set(list[row].dataId, part)
      return resource
    })
    return { resources, parts }
  }

  /** A tensor, which had a handle, no longer lies in its list. The variables go with the last. */
  #leave(dataId: object, id: number): void {
    const held = this.#held.get(dataId)
    if (!held) return
    const binding = this.#binding
    const part = held.parts.get(dataId) as number
    this.#held.delete(dataId)
    held.parts.delete(dataId)
    if (part !== id) binding.deleteTensor(part)
    if (held.parts.size > 0) return
    for (const resource of held.resources) destroyResource(binding, resource)
  }
}

/** Whether these tensors, and no others, lie there, in this order. */
function hasTensors({ parts }: Held, tensors: readonly TensorInfo[]): boolean {
  if (parts.size !== tensors.length) return false
  let i = 0
  for (const dataId of parts.keys()) if (dataId !== tensors[i++].dataId) return false
  return true
}
