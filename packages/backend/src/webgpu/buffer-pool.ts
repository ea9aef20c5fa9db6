/** Bytes of free buffers that are kept, at least. */
const KEPT_BYTES = 2 ** 28

interface Pooled {
  readonly id: number
  readonly buffer: GPUBuffer
}

/**
 * Buffers for tensors and what lies between kernels, in place of TensorFlow.js's pool. A free buffer of the exact size is given out again, always the oldest: the same
 * calls in the next step then get the same buffers, and the bindings made for them serve again. Stock, the last one freed is taken, and free buffers of
 * sizes that do not come back are never given back to the device.
 */
export class BufferPool {
  numBytesUsed = 0
  numBytesAllocated = 0
  readonly #device: GPUDevice
  /** Whether commands that are not submitted yet use a buffer. */
  readonly #recorded: (buffer: GPUBuffer) => boolean
  /** By size and usage, the oldest last. */
  #free = new Map<string, Pooled[]>()
  readonly #used = new Map<GPUBuffer, Pooled & { readonly key: string }>()
  #made = 0

  constructor(device: GPUDevice, recorded: (buffer: GPUBuffer) => boolean) {
    this.#device = device
    this.#recorded = recorded
  }

  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    const key = `${size} ${usage}`
    let pooled = reuse && !mappedAtCreation ? this.#free.get(key)?.pop() : undefined
    if (!pooled) {
      if (this.numBytesAllocated - this.numBytesUsed > Math.max(KEPT_BYTES, this.numBytesUsed / 2)) this.#trim()
      pooled = { id: ++this.#made, buffer: this.#device.createBuffer({ size, usage, mappedAtCreation }) }
      this.numBytesAllocated += size
    }
    this.#used.set(pooled.buffer, { ...pooled, key })
    this.numBytesUsed += size
    return pooled.buffer
  }

  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const pooled = this.#used.get(buffer)
    if (!pooled) return
    this.#used.delete(buffer)
    this.numBytesUsed -= buffer.size
    if (!reuse) {
      buffer.destroy()
      this.numBytesAllocated -= buffer.size
      return
    }
    const list = this.#free.get(pooled.key)
    if (!list) {
      this.#free.set(pooled.key, [pooled])
      return
    }
    let at = list.length
    while (at > 0 && list[at - 1].id < pooled.id) at--
    list.splice(at, 0, pooled)
  }

  dispose(): void {
    for (const { buffer } of [...[...this.#free.values()].flat(), ...this.#used.values()]) buffer.destroy()
    this.#free.clear()
    this.#used.clear()
    this.numBytesUsed = 0
    this.numBytesAllocated = 0
  }

  /** Gives free buffers back to the device. */
  #trim(): void {
    const kept = new Map<string, Pooled[]>()
    for (const [key, list] of this.#free) {
      for (const pooled of list) {
        if (this.#recorded(pooled.buffer)) {
          const some = kept.get(key)
          if (some) some.push(pooled)
          else kept.set(key, [pooled])
        } else {
          this.numBytesAllocated -= pooled.buffer.size
          pooled.buffer.destroy()
        }
      }
    }
    this.#free = kept
  }
}
