// TensorFlow.js's reference backend: what it fails is not a fault of ours.
import '@tensorflow/tfjs-backend-cpu'

export const backendName = 'cpu'

export async function start() {}
