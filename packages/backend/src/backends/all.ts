import type { BackendChoice } from './backend.js'
import { cpu } from './cpu.js'
import { node } from './node.js'
import { nodeGpu } from './node-gpu.js'
import { wasm } from './wasm.js'
import { webgpu } from './webgpu.js'

/** All backends, the fastest first: the order in which `'auto'` tries them. */
export const BACKENDS: readonly BackendChoice[] = [nodeGpu, node, webgpu, wasm, cpu]
