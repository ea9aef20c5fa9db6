// TensorFlow.js's wasm as it comes, to compare with.
import '@tensorflow/tfjs-backend-wasm'

export const backendName = 'wasm'

export async function start() {}
