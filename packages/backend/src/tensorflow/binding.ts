/** What an operation gives back: the handle of a tensor that TensorFlow holds. */
export interface Result {
  readonly id: number
  readonly shape: number[]
  /** TensorFlow's number of the type (`DT`). */
  readonly dtype: number
}

/** An attribute of an operation. */
export interface Attribute {
  readonly name: string
  /** TensorFlow's number of the kind of attribute. */
  readonly type: number
  readonly value: unknown
}

/** The native part of @tensorflow/tfjs-node 4.22 (binding/tfjs_binding.cc), as far as this package uses it. */
export interface Binding {
  readonly TF_Version: string
  /** 1 in the addon that this package builds: attributes may be lists of strings and of types. */
  readonly audiotagListAttributes?: number
  /** 1 in that addon: a graph may have options of its session beside it, `session_config.pb`. */
  readonly audiotagSessionConfig?: number
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): ArrayLike<unknown>
  executeOp(operation: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Result[]
  getNumOfTensors(): number
  /** Of a `DeferredBinding` alone: handles of tensors that lie in a variable and follow it. */
  partsOf?(variable: number, shapes: readonly (readonly number[])[]): number[]
  /** Of a `DeferredBinding` alone: tensors in one vector. */
  join?(inputs: readonly number[], shapes: readonly (readonly number[])[]): number
  /** Loads a graph from a folder, by its tag. */
  loadSavedModel(folder: string, tag: string): number
  /** Names are separated by commas, `operation:output`. */
  runSavedModel(model: number, inputs: readonly number[], inputNames: string, outputNames: string): Result[]
  deleteSavedModel(model: number): void
  /** Whether TensorFlow lists a GPU among its devices. */
  isUsingGpuDevice(): boolean
}

/** Types of TensorFlow's C API; part of its stable interface. */
export const DT = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const

/** Attributes by kind, the numbers of TensorFlow's C API. */
export const attribute = {
  text: (name: string, value: string | readonly string[]): Attribute => ({ name, type: 0, value }),
  int: (name: string, value: number | readonly number[]): Attribute => ({ name, type: 1, value }),
  float: (name: string, value: number): Attribute => ({ name, type: 2, value }),
  bool: (name: string, value: boolean): Attribute => ({ name, type: 3, value }),
  type: (name: string, value: number | readonly number[]): Attribute => ({ name, type: 4, value }),
  shape: (name: string, value: readonly number[]): Attribute => ({ name, type: 5, value }),
} as const
