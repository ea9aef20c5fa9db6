/** Threads that are worth having; TensorFlow.js's own limit too. */
export const MAXIMUM_THREADS = 8

/** Why threads cannot share memory here; nothing when they can. */
export function sharedMemoryReason(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') return 'this page is not cross-origin isolated (headers COOP and COEP)'
  if (!isNode() && !(globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated) {
    return 'this page is not cross-origin isolated (headers COOP and COEP)'
  }
  return undefined
}

/** Physical cores where threads can share memory, else 1; at most 8. */
export function defaultThreads(): number {
  if (sharedMemoryReason()) return 1
  const cores = isNode() ? physicalCores() : Math.ceil((navigator.hardwareConcurrency || 1) / 2)
  return Math.max(1, Math.min(MAXIMUM_THREADS, cores))
}

function isNode(): boolean {
  return typeof process === 'object' && typeof process.getBuiltinModule === 'function'
}

/** Two threads of one core share its vector units, so only cores count. Only Linux tells; elsewhere every processor is taken for a core. */
function physicalCores(): number {
  const { availableParallelism, cpus } = process.getBuiltinModule('node:os')
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const allowed = availableParallelism()
  try {
    const siblings = new Set(
      cpus().map((_, i) => readFileSync(`/sys/devices/system/cpu/cpu${i}/topology/thread_siblings_list`, 'utf8').trim()),
    )
    return Math.min(allowed, siblings.size)
  } catch {
    return allowed
  }
}
