// @audiotag/backend's webgpu.
import { useWebGpu } from '@audiotag/backend'

import { dawn } from '../dawn.js'
import { keepRunning } from '../keep-running.js'

export const backendName = 'webgpu'
export const isDataSync = false

export async function start() {
  const { adapter } = await useWebGpu({ gpu: await dawn() })
  keepRunning('webgpu')
  return adapter
}
