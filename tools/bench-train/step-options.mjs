/** Options of a program that serves steps of a network, for `parseArgs`. */
export const stepOptions = /** @type {const} */ ({
  net: { type: 'string' },
  width: { type: 'string' },
  input: { type: 'string' },
  backend: { type: 'string', default: 'wasm' },
  precision: { type: 'string', default: 'float32' },
  threads: { type: 'string' },
  simd: { type: 'string', default: 'plain' },
  task: { type: 'string', default: 'train' },
  warmup: { type: 'string' },
})
