import { expect, test } from 'vitest'

import type { Binding } from '../src/tensorflow/binding.js'
import { DT } from '../src/tensorflow/binding.js'
import { keepConstants } from '../src/tensorflow/keep-constants.js'

/** A binding that only makes and deletes: numbers by handle. */
function bindingOf(): { binding: Binding; tensors: Map<number, number[]>; made: () => number } {
  const tensors = new Map<number, number[]>()
  let made = 0
  const binding = {
    createTensor: (_: readonly number[], __: number, values: ArrayLike<number>) => {
      tensors.set(++made, Array.from(values))
      return made
    },
    deleteTensor: (id: number) => {
      if (!tensors.delete(id)) throw new Error(`no tensor ${id}`)
    },
    getNumOfTensors: () => tensors.size,
  }
  return { binding: keepConstants(binding as unknown as Binding), tensors, made: () => made }
}

test('the same numbers in the same shape are one tensor, brought once; others are others', () => {
  const { binding, tensors, made } = bindingOf()
  const create = (values: number[], shape = [values.length]): number => binding.createTensor(shape, DT.float, Float32Array.from(values))
  for (let step = 0; step < 3; step++) {
    const ids = [create([1, 2]), create([1, 2]), create([1, 2], [2, 1]), create([0]), create([-0]), create([NaN]), create([])]
    expect(new Set(ids).size).toBe(6)
    expect(ids.map((id) => tensors.get(id))).toEqual([[1, 2], [1, 2], [1, 2], [0], [-0], [NaN], []])
    expect(binding.getNumOfTensors()).toBe(7) // as without
    for (const id of ids) binding.deleteTensor(id)
    expect(binding.getNumOfTensors()).toBe(0)
  }
  expect(made()).toBe(6)
})

test('long lists and other types pass through', () => {
  const { binding, tensors, made } = bindingOf()
  for (let again = 0; again < 2; again++) {
    const ids = [binding.createTensor([5], DT.float, new Float32Array(5)), binding.createTensor([1], DT.int32, Int32Array.of(1))]
    for (const id of ids) binding.deleteTensor(id)
  }
  expect(made()).toBe(4)
  expect(tensors.size).toBe(0)
})

test('of many, those used last stay, and none that is in use goes', () => {
  const { binding, tensors, made } = bindingOf()
  const create = (value: number): number => binding.createTensor([], DT.float, Float32Array.of(value))
  const held = create(-1)
  for (let rate = 0; rate < 1000; rate++) binding.deleteTensor(create(rate))
  expect(tensors.size).toBe(256)
  expect(tensors.get(held)).toEqual([-1])
  const before = made()
  expect(create(-1)).toBe(held)
  binding.deleteTensor(create(999))
  expect(made()).toBe(before)
  binding.deleteTensor(create(0))
  expect(made()).toBe(before + 1)
  const all = Array.from({ length: 400 }, (_, i) => create(5000 + i))
  expect(all.every((id) => tensors.has(id))).toBe(true)
  for (const id of [...all, held, held]) binding.deleteTensor(id)
  expect(binding.getNumOfTensors()).toBe(0)
  expect(tensors.size).toBeLessThanOrEqual(402)
})
