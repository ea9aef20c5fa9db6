import { selectBackend, useWasm } from '../../packages/backend/dist/index.js'

/**
 * Starts a backend for a measurement.
 *
 * @param {{ backend: string, threads: number, simd?: 'plain' | 'relaxed', precision?: 'float32' | 'float16' | 'bfloat16' }} options
 * @returns {Promise<string>} what it says about itself
 */
export async function startBackend({ backend, threads, simd, precision = 'float32' }) {
  if (backend === 'wasm') {
    if (precision !== 'float32') throw new Error(`wasm does not offer ${precision}`)
    await useWasm({ threads, simd })
    return `wasm, ${simd} SIMD`
  }
  const started = await selectBackend(backend, { threads, ...(precision === 'float32' ? {} : { precision }) })
  // An option that a backend takes no notice of must not become a figure.
  if (precision !== 'float32' && started.precision !== precision) throw new Error(`${backend} does not offer ${precision}`)
  return started.reason
}
