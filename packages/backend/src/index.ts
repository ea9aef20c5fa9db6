export { BackendError } from './errors.js'
export type { BackendErrorCode } from './errors.js'
export { useWasm } from './use-wasm.js'
export type { WasmOptions, WasmStarted } from './use-wasm.js'
