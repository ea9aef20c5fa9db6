import { selectBackend, useWasm } from '../../packages/backend/dist/index.js'

/**
 * Starts a backend for a measurement.
 *
 * @param {{ backend: string, threads: number, simd?: 'plain' | 'relaxed', precision?: 'float32' | 'float16' | 'bfloat16' }} options
 * @returns {Promise<string>} what it says about itself
 */
export async function startBackend({ backend, threads, simd, precision = 'float32' }) {
  if (backend === 'wasm') {
    if (precision !== 'float32') throw new Error(`wasm does not offer precision '${precision}'`)
    await useWasm({ threads, simd })
    return `wasm, ${simd} SIMD`
  }
  return (await selectBackend(backend, { threads, precision })).reason
}
