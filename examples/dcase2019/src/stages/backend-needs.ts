/** What to type, in the folder of this program, so that a backend is there; by its name. */
export const backendNeeds: Readonly<Record<string, readonly string[]>> = {
  'node-gpu': [
    'python3 -m venv tensorflow && tensorflow/bin/pip install "tensorflow[and-cuda]"',
    'npx audiotag-tensorflow install --python tensorflow',
  ],
  node: ['npx audiotag-tensorflow install'],
  webgpu: ['npm install webgpu @tensorflow/tfjs-backend-webgpu'],
  wasm: ['npm install @tensorflow/tfjs-backend-wasm'],
  cpu: ['npm install @tensorflow/tfjs-backend-cpu'],
}
