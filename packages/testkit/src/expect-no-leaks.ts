/**
 * Runs `fn` and fails if more (or fewer) tensors or data buffers live afterwards than before.
 *
 * @returns what `fn` returned; tensors in it count as leaked
 * @throws Error with the numbers before and after
 */
export async function expectNoLeaks<T>(fn: () => T | Promise<T>): Promise<T> {
  const tf = await import('@tensorflow/tfjs-core') // lazy: packages without tensors use this kit too
  await tf.ready()
  const before = tf.memory()
  const result = await fn()
  const after = tf.memory()
  if (after.numTensors !== before.numTensors || after.numDataBuffers !== before.numDataBuffers) {
    throw new Error(
      `expectNoLeaks: ${before.numTensors} tensors and ${before.numDataBuffers} buffers before, ${after.numTensors} and ${after.numDataBuffers} after, on ${tf.getBackend()}`,
    )
  }
  return result
}
