/** Bytes that are kept in any case, in use and free together. */
const KEPT_BYTES = 2 ** 28

/** What is kept of the most that was in use, in use and free together: buffers of exact sizes need more than tensors do at any one time. */
const KEPT_SHARE = 1.25

/** Calls after which the most that was in use is found anew: many training steps. */
const REMEMBERED_CALLS = 2 ** 14

interface Pooled {
  readonly id: number
  readonly buffer: GPUBuffer
  readonly key: string
  /** When it was freed, in buffers freed before. */
  freed: number
}

/**
 * Buffers for tensors and what lies between kernels, in place of TensorFlow.js's pool. A free buffer of the exact size is given out again, always the oldest: the same
 * calls in the next step then get the same buffers, and the bindings made for them serve again. Stock, the last one freed is taken, and free buffers of
 * sizes that do not come back are never given back to the device.
 *
 * Here those freed longest ago are, once there is more than a step needs. What a step needs is not known: it is more than the most that was in use, and
 * whatever was given back too early and is asked for again, which is kept from then on. Otherwise every step would make all of its buffers anew.
 */
export class BufferPool {
  numBytesUsed = 0
  numBytesAllocated = 0
  readonly #device: GPUDevice
  /** Whether commands that are not submitted yet use a buffer. */
  readonly #recorded: (buffer: GPUBuffer) => boolean
  /** By size and usage, the oldest last. */
  readonly #free = new Map<string, Pooled[]>()
  readonly #used = new Map<GPUBuffer, Pooled>()
  #made = 0
  #freed = 0
  #calls = 0
  /** Most bytes in use, of late and in the calls before those. */
  #most = 0
  #mostBefore = 0
  /** How many of each size and usage were given back, of late. */
  readonly #gone = new Map<string, number>()
  /** Bytes of those that were asked for again. */
  #missed = 0

  constructor(device: GPUDevice, recorded: (buffer: GPUBuffer) => boolean) {
    this.#device = device
    this.#recorded = recorded
  }

  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    const key = `${size} ${usage}`
    if (++this.#calls % REMEMBERED_CALLS === 0) this.#forget()
    let pooled = reuse && !mappedAtCreation ? this.#free.get(key)?.pop() : undefined
    if (!pooled) {
      const gone = this.#gone.get(key) ?? 0
      if (gone > 0) {
        this.#gone.set(key, gone - 1)
        this.#missed += size
      }
      const kept = Math.max(KEPT_BYTES, KEPT_SHARE * Math.max(this.#most, this.#mostBefore)) + this.#missed
      if (this.numBytesAllocated + size > kept) this.#trim(kept - size)
      pooled = { id: ++this.#made, buffer: this.#device.createBuffer({ size, usage, mappedAtCreation }), key, freed: 0 }
      this.numBytesAllocated += size
    }
    this.#used.set(pooled.buffer, pooled)
    this.numBytesUsed += size
    this.#most = Math.max(this.#most, this.numBytesUsed)
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
    pooled.freed = ++this.#freed
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

  #forget(): void {
    this.#mostBefore = this.#most
    this.#most = this.numBytesUsed
    this.#gone.clear()
    this.#missed = 0
    for (const [key, list] of this.#free) if (list.length === 0) this.#free.delete(key)
  }

  /** Gives free buffers back to the device, those freed first before others, until `kept` bytes are left. */
  #trim(kept: number): void {
    const oldest = [...this.#free.values()].flat().sort((a, b) => a.freed - b.freed)
    for (const pooled of oldest) {
      if (this.numBytesAllocated <= kept) return
      const { buffer, key } = pooled
      if (this.#recorded(buffer)) continue
      const list = this.#free.get(key) as Pooled[]
      if (list.length === 1) this.#free.delete(key)
      else list.splice(list.indexOf(pooled), 1)
      this.#gone.set(key, (this.#gone.get(key) ?? 0) + 1)
      this.numBytesAllocated -= buffer.size
      buffer.destroy()
    }
  }
}
