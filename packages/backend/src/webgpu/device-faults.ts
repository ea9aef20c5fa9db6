import { BackendError } from '../errors.js'

/**
 * What went wrong on a device. WebGPU's errors do not throw: they come later, as events, and what was computed since is zeros. The first one is kept and
 * thrown by every further call.
 */
export class DeviceFaults {
  #fault: BackendError | undefined
  #running = ''
  #last = ''
  readonly #scopes = new Set<Promise<void>>()

  constructor(device: GPUDevice) {
    device.addEventListener('uncapturederror', (event) => {
      // Thrown, so not to be printed too.
      event.preventDefault()
      this.record(event.error)
    })
    void device.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') this.record(new Error(`the device is lost (${reason}): ${message}`))
    })
    nameObjects(device, this)
  }

  /** The kernel that runs now, else the last one. */
  get kernel(): string {
    return this.#running || this.#last
  }

  /** Runs a kernel under its name. */
  named<T>(kernel: string, run: () => T): T {
    this.check()
    const outer = this.#running
    this.#running = kernel
    this.#last = kernel
    try {
      return run()
    } finally {
      this.#running = outer
    }
  }

  /** Keeps the first error; later ones follow from it. `kernel` made what failed, where that is known. */
  record(error: { readonly message: string }, kernel?: string, memory = false): void {
    const place = kernel ?? /"kernel ([^"]+)"/.exec(error.message)?.[1] ?? `the calls up to ${this.kernel || 'the first kernel'}`
    const message =
      `webgpu: the device failed in ${place}: ${error.message} Nothing computed since is valid, and this backend stays out of use: ` +
      'start a new process or page, with smaller tensors if it was memory, or use another backend.'
    // Bindings to memory that was not given fail before the device says why.
    if (!this.#fault || memory) this.#fault = new BackendError(memory ? 'out-of-memory' : 'device', message, { cause: error })
  }

  /** Throws what has gone wrong. */
  check(): void {
    if (this.#fault) throw this.#fault
  }

  /** Errors of memory name no object: a scope of its own says which kernel asked. */
  watchMemory<T>(device: GPUDevice, make: () => T): T {
    const { kernel } = this
    device.pushErrorScope('out-of-memory')
    try {
      return make()
    } finally {
      const scope = device.popErrorScope().then(
        (error) => void (error && this.record(error, kernel, true)),
        // The device is lost, which is recorded elsewhere.
        () => {},
      )
      this.#scopes.add(scope)
      void scope.then(() => this.#scopes.delete(scope))
    }
  }

  /** Resolves once all that was made is known to be good; rejects otherwise. */
  async settled(): Promise<void> {
    await Promise.all(this.#scopes)
    this.check()
  }
}

/** Objects carry the name of the kernel that made them, which the device's messages quote. Buffers that no device of this kind can hold are refused. */
function nameObjects(device: GPUDevice, faults: DeviceFaults): void {
  const label = (): { label: string } => ({ label: `kernel ${faults.kernel || 'none'}` })
  const makers = {
    createBuffer: device.createBuffer.bind(device),
    createBindGroup: device.createBindGroup.bind(device),
    createShaderModule: device.createShaderModule.bind(device),
    createComputePipeline: device.createComputePipeline.bind(device),
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits
  Object.assign(device, {
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      const most = descriptor.usage & GPUBufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize
      if (descriptor.size > most) {
        throw new BackendError(
          'out-of-memory',
          `${faults.kernel || 'webgpu'}: a tensor of ${descriptor.size} bytes is more than this device takes in one buffer, ${most}. Use smaller batches.`,
        )
      }
      return faults.watchMemory(device, () => makers.createBuffer({ ...descriptor, ...label() }))
    },
    createBindGroup: (descriptor: GPUBindGroupDescriptor) => makers.createBindGroup({ ...descriptor, ...label() }),
    createShaderModule: (descriptor: GPUShaderModuleDescriptor) => makers.createShaderModule({ ...descriptor, ...label() }),
    createComputePipeline: (descriptor: GPUComputePipelineDescriptor) => makers.createComputePipeline({ ...descriptor, ...label() }),
  })
}
