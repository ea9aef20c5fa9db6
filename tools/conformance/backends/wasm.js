// @audiotag/backend's wasm.
import { useWasm } from '@audiotag/backend'

import { keepRunning } from '../keep-running.js'

export const backendName = 'wasm'

export async function start({ threads }) {
  await useWasm({ threads })
  keepRunning('wasm')
}
