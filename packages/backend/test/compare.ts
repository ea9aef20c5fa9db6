import * as tf from '@tensorflow/tfjs-core'

import { useWasm } from '@audiotag/backend'

/** Registers both backends; wasm with this package's kernels. */
export async function startBoth(): Promise<void> {
  tf.enableProdMode() // no advert for tfjs-node
  await import('@tensorflow/tfjs-backend-cpu')
  await import('@tensorflow/tfjs-layers') // registers the gradients of tfjs-core
  await useWasm({ threads: 1 })
}

/** What `run` returns on a backend, as arrays. */
export async function on(backend: 'cpu' | 'wasm' | 'webgpu', run: () => tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend)
  const before = tf.memory().numTensors
  const tensors = tf.tidy(run)
  const arrays = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()))
  tf.dispose(tensors)
  if (tf.memory().numTensors !== before) throw new Error(`${backend}: ${tf.memory().numTensors - before} tensors leaked`)
  return arrays
}

/** The largest difference, relative to the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, expected ${expected.length}`)
  let largest = 1e-3
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]))
    const here = Math.abs(actual[i] - expected[i])
    if (!(here <= difference)) difference = here
  }
  return difference / largest
}

/** The larger of the errors of several arrays. */
export function worstError(actual: readonly ArrayLike<number>[], expected: readonly ArrayLike<number>[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} arrays, expected ${expected.length}`)
  return Math.max(...actual.map((array, i) => relativeError(array, expected[i])))
}

/** Values in -1 … 1 that depend on the seed alone. */
export function values(seed: number, shape: readonly number[]): Float32Array {
  let state = seed | 0
  return Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >> 8) / 2 ** 23
  })
}
