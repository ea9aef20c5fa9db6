import type { TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util, util } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { Precision } from '../precision.js'
import { BufferPool } from './buffer-pool.js'
import type { DeviceFaults } from './device-faults.js'
import type { Program, ProgramSource } from './program.js'
import { compile } from './program.js'
import type { StockBackend, StockBackendClass, StockProgram, StockUniform } from './webgpu-backend.js'

/** Dispatches of one submission: few enough that the device starts early, enough that submitting costs nothing. */
const SUBMIT_DISPATCHES = 64

/** Elements of tensors whose numbers the host keeps, for kernels that read a size or an index. */
const KEPT_ELEMENTS = 1024

/** Entries of the caches of uniforms and bindings. A training step has some hundred; other shapes would add theirs without end. */
const CACHE_ENTRIES = 8192

/** What a dispatch runs on. */
export interface Dispatch {
  /** One for each of the program's `reads`, then of its `writes`. */
  readonly tensors: readonly (TensorInfo | GPUBuffer)[]
  /** The program's integers. */
  readonly words?: readonly number[]
  /** The program's float32 numbers, or a buffer of `rates`. */
  readonly reals?: readonly number[] | GPUBuffer
  /** Workgroups. More than a dimension takes are spread over x and y: programs number them `group.x + group.y * groups.x`. */
  readonly groups: number
  /** Workgroups of the third dimension; default 1. */
  readonly layers?: number
}

/** TensorFlow.js's WebGPU backend on a device of this package, and what this package's kernels run with. */
export interface GpuBackend extends StockBackend {
  readonly faults: DeviceFaults
  /** Dispatches so far. */
  readonly dispatches: number
  /** Of convolutions, from now on. */
  precision: Precision
  /** Whether half floats are multiplied by the device's matrix units, see `tryMatrices`. */
  matrices: boolean
  /** The numbers that `magnitudesOf` looked at last; none once they were changed. */
  measured: object | undefined
  /** A program, compiled at the first call with this key. */
  program(key: string, source: () => ProgramSource): Program
  run(program: Program, dispatch: Dispatch): void
  /** Submits what was recorded. */
  flush(): void
  /** Numbers of this very call, such as a learning rate, for `reals`; free again with `releaseRates`, after the last run. */
  rates(reals: readonly number[]): GPUBuffer
  releaseRates(buffer: GPUBuffer): void
  /** A new float32 tensor. What is in it is not defined. */
  output(shape: readonly number[]): TensorInfo
  /** Memory for intermediate results, in bytes; free again with `release`. */
  scratch(bytes: number): GPUBuffer
  release(buffer: GPUBuffer): void
  /** To be called after a tensor was changed in place. */
  changed(tensor: TensorInfo): void
  /** Frees what `run` made, if it throws: TensorFlow.js learns of outputs only from kernels that return. */
  freeOnError<T>(run: () => T): T
}

const IDENTITY = Symbol('identity')
let identitiesGiven = 0

/** A number for a buffer or a pipeline, kept on the object: a weak map takes several times as long. */
function identity(object: object): number {
  const numbered = object as { [IDENTITY]?: number }
  return (numbered[IDENTITY] ??= ++identitiesGiven)
}

/**
 * Makes the class from TensorFlow.js's. Four things differ: bindings and uniforms are kept from step to step; memory of disposed tensors serves
 * the next kernel at once, as kernels run in order; what is read has been checked for errors of the device; and nothing is computed on the host.
 */
export function gpuBackendClass(
  Stock: StockBackendClass,
  faults: DeviceFaults,
): new (device: GPUDevice, info: GPUAdapterInfo) => GpuBackend {
  return class extends Stock implements GpuBackend {
    readonly faults: DeviceFaults = faults
    dispatches = 0
    precision: Precision = 'float32'
    measured: object | undefined
    matrices = false
    readonly #programs = new Map<string, Program>()
    readonly #uniforms = new Map<string, GPUBuffer>()
    readonly #bindings = new Map<string, GPUBindGroup>()
    /** Buffers that commands use which are not submitted yet. */
    readonly #recorded = new Set<GPUBuffer>()
    #made: object[] | undefined

    constructor(device: GPUDevice, info: GPUAdapterInfo) {
      super(device, info)
      this.bufferManager = new BufferPool(device, (buffer) => this.#recorded.has(buffer))
    }

    program(key: string, source: () => ProgramSource): Program {
      let program = this.#programs.get(key)
      if (!program) {
        program = compile(this.device, source())
        this.#programs.set(key, program)
      }
      return program
    }

    run(program: Program, { tensors, words, reals, groups, layers = 1 }: Dispatch): void {
      const buffers = tensors.map((tensor) => this.#bufferOf(tensor))
      if (words) buffers.push(this.#uniform(Int32Array.from(words), `i${words.join()}`))
      if (reals) buffers.push(reals instanceof GPUBuffer ? reals : this.#uniform(Float32Array.from(reals), `f${reals.join()}`))
      const most = this.device.limits.maxComputeWorkgroupsPerDimension
      const x = Math.min(groups, most)
      this.#dispatch(program.pipeline, this.#bind(program.layout, buffers), buffers, [x, Math.ceil(groups / x), layers])
    }

    rates(reals: readonly number[]): GPUBuffer {
      const bytes = Math.ceil(reals.length / 4) * 16
      const buffer = this.bufferManager.acquireBuffer(bytes, GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM)
      this.queue.writeBuffer(buffer, 0, Float32Array.from(reals))
      return buffer
    }

    releaseRates(buffer: GPUBuffer): void {
      // Written again before what is recorded now has run, it would change it: free once that is submitted.
      this.uniformPendingDisposal.push(buffer)
    }

    output(shape: readonly number[]): TensorInfo {
      return this.makeTensorInfo([...shape], 'float32')
    }

    scratch(bytes: number): GPUBuffer {
      return this.bufferManager.acquireBuffer(
        Math.max(16, bytes),
        GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      )
    }

    release(buffer: GPUBuffer): void {
      this.bufferManager.releaseBuffer(buffer)
    }

    changed({ dataId }: TensorInfo): void {
      if (this.measured === dataId) this.measured = undefined
      this.tensorMap.get(dataId).values = null
    }

    freeOnError<T>(run: () => T): T {
      const outer = this.#made
      const own: object[] = []
      this.#made = own
      try {
        return run()
      } catch (error) {
        for (const dataId of own.splice(0)) this.disposeData(dataId, true)
        throw error
      } finally {
        this.#made = outer
        outer?.push(...own)
      }
    }

    override write(...args: Parameters<StockBackend['write']>): object {
      const dataId = super.write(...args)
      this.#made?.push(dataId)
      return dataId
    }

    override uploadToGPU(dataId: object): void {
      const data = this.tensorMap.get(dataId)
      if (data.resource) return
      const elements = util.sizeFromShape(data.shape)
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
      const buffer = this.bufferManager.acquireBuffer(Math.max(4, elements * 4), usage)
      data.resource = buffer
      if (!data.values) return
      const values = data.dtype === 'float32' ? Float32Array.from(data.values as number[]) : Int32Array.from(data.values as number[])
      // Writes come before all commands that are not submitted yet.
      if (this.#recorded.has(buffer)) this.flush()
      this.queue.writeBuffer(buffer, 0, values)
      // A copy: the caller may change the array it gave.
      data.values = elements <= KEPT_ELEMENTS ? (data.dtype === 'bool' ? Uint8Array.from(values) : values) : null
    }

    override submitQueue(): void {
      super.submitQueue()
      this.#recorded.clear()
    }

    flush(): void {
      this.endComputePassEncoder()
      if (this.commandEncoder) this.submitQueue()
    }

    override makeUniforms(uniforms: readonly StockUniform[]): GPUBufferBinding {
      let key = 's'
      for (const { type, data } of uniforms) key += `${type[0]}${data.join()};`
      let buffer = this.#uniforms.get(key)
      if (!buffer) {
        const packed = packUniforms(uniforms)
        buffer = this.#uniform(new Uint8Array(packed), key)
      }
      return { buffer }
    }

    override recordAndSubmit(program: StockProgram, output: TensorInfo, inputs: TensorInfo[], uniforms?: StockUniform[] | null): void {
      // Scatter and the like write on top of a tensor that was made before.
      this.changed(output)
      const tensors = [output, ...inputs]
      const buffers = tensors.map(({ dataId }) => this.tensorMap.get(dataId).resource)
      // Timed, or an image of a page.
      if (this.activeTimers != null || program.pixelsOpType != null || !buffers.every((buffer) => buffer instanceof GPUBuffer)) {
        this.#recordAll(buffers)
        super.recordAndSubmit(program, output, inputs, uniforms ?? undefined)
        this.dispatches++
        return
      }
      const all: StockUniform[] = [
        { type: 'float32', data: [NaN] },
        { type: 'float32', data: [Infinity] },
      ]
      for (const { shape } of [...inputs, output]) {
        all.push({ type: 'int32', data: shape }, { type: 'int32', data: util.computeStrides(shape) })
      }
      if (program.size) all.push({ type: 'int32', data: [util.sizeFromShape(program.outputShape) / (program.outputComponent ?? 1)] })
      all.push(...(uniforms ?? []))
      buffers.push(this.makeUniforms(all).buffer)
      const layout = program.pipeline.getBindGroupLayout(0)
      const group = this.#bind(layout, buffers, `${identity(program.pipeline)}`)
      this.#dispatch(program.pipeline, group, buffers, program.dispatch)
    }

    override async read(dataId: object): Promise<backend_util.BackendValues> {
      this.faults.check()
      let values: backend_util.BackendValues
      try {
        values = await super.read(dataId)
      } catch (error) {
        // A device that failed rejects with what follows from that.
        await this.faults.settled()
        throw error
      }
      await this.faults.settled()
      return values
    }

    override readSync(dataId: object): backend_util.BackendValues {
      this.faults.check()
      const { values, dtype } = this.tensorMap.get(dataId)
      if (values == null && dtype !== 'complex64' && typeof OffscreenCanvas === 'undefined') {
        throw new BackendError(
          'device',
          `webgpu: ${this.faults.kernel || 'dataSync'} wants numbers at once, and Node cannot wait for the device. Use await tensor.data() or array().`,
        )
      }
      return super.readSync(dataId)
    }

    /** Not kept: a kernel may have changed the tensor in place since, or do so later. */
    override convertAndCacheOnCPU(_dataId: object, values: unknown): unknown {
      return values
    }

    #bufferOf(tensor: TensorInfo | GPUBuffer): GPUBuffer {
      if (tensor instanceof GPUBuffer) return tensor
      this.uploadToGPU(tensor.dataId)
      return this.tensorMap.get(tensor.dataId).resource as GPUBuffer
    }

    #uniform(values: Int32Array | Float32Array | Uint8Array, key: string): GPUBuffer {
      let buffer = this.#uniforms.get(key)
      if (!buffer) {
        if (this.#uniforms.size >= CACHE_ENTRIES) this.#uniforms.clear()
        const size = Math.ceil(values.byteLength / 16) * 16
        buffer = this.device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM })
        this.queue.writeBuffer(buffer, 0, values)
        this.#uniforms.set(key, buffer)
      }
      return buffer
    }

    #bind(layout: GPUBindGroupLayout, buffers: readonly (GPUBuffer | null | undefined)[], owner = `l${identity(layout)}`): GPUBindGroup {
      let key = owner
      for (const buffer of buffers) key += `,${identity(buffer as GPUBuffer)}`
      let group = this.#bindings.get(key)
      if (!group) {
        if (this.#bindings.size >= CACHE_ENTRIES) this.#bindings.clear()
        const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer: buffer as GPUBuffer } }))
        group = this.device.createBindGroup({ layout, entries })
        this.#bindings.set(key, group)
      }
      return group
    }

    #recordAll(buffers: readonly (GPUBuffer | null | undefined)[]): void {
      for (const buffer of buffers) if (buffer) this.#recorded.add(buffer)
    }

    #dispatch(
      pipeline: GPUComputePipeline,
      group: GPUBindGroup,
      buffers: readonly (GPUBuffer | null | undefined)[],
      [x, y, z]: readonly [number, number, number],
    ): void {
      if (x * y * z === 0) return
      this.ensureCommandEncoderReady()
      this.computePassEncoder ??= (this.commandEncoder as GPUCommandEncoder).beginComputePass()
      const pass = this.computePassEncoder
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, group)
      pass.dispatchWorkgroups(x, y, z)
      this.#recordAll(buffers)
      this.dispatches++
      if (++this.dispatchCountInPass >= SUBMIT_DISPATCHES) this.flush()
    }
  }
}

/** Bytes of uniforms in the order and alignment of WGSL, as TensorFlow.js's programs declare them. */
function packUniforms(uniforms: readonly StockUniform[]): ArrayBuffer {
  const offsets: number[] = []
  let end = 0
  let widest = 4
  let before = 0
  const lists = uniforms.map(({ data }) => (data.length === 0 ? [1] : data))
  for (const { length } of lists) {
    // Five and six numbers are structures, which begin and end at multiples of 16.
    const alignment = before > 4 ? 16 : ([0, 4, 8, 16, 16, 16, 16][length] ?? 16)
    widest = Math.max(widest, alignment)
    end = Math.ceil(end / alignment) * alignment
    offsets.push(end)
    end += length * 4
    before = length
  }
  const bytes = new ArrayBuffer(Math.ceil(end / widest) * widest)
  for (const [i, { type }] of uniforms.entries()) {
    const { length } = lists[i]
    const view = type === 'float32' ? new Float32Array(bytes, offsets[i], length) : new Int32Array(bytes, offsets[i], length)
    view.set(lists[i])
  }
  return bytes
}
