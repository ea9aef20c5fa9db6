/** A program in WGSL. */
export interface ProgramSource {
  /** Whether it has numbers of type f16, for which the device must have `shader-f16`. */
  readonly halfFloats?: boolean
  /** Whether it multiplies matrices by subgroups, see `hasMatrices`; it has `subgroupId` and `laneIndex` then. */
  readonly matrices?: boolean
  /** Storage buffers that are read, by name, with their element type. */
  readonly reads?: Readonly<Record<string, string>>
  /** Storage buffers that are written or changed in place. */
  readonly writes: Readonly<Record<string, string>>
  /** Names of integers, in the code `u.name`. */
  readonly words?: readonly string[]
  /** Names of float32 numbers, in the code `r.name`. */
  readonly reals?: readonly string[]
  /** Threads of a workgroup. */
  readonly threads: number
  /** Declarations outside of the main function. */
  readonly declarations?: string
  /** The main function's body, with `thread`, `group` (the workgroup's number), `layer` and `item` = group · threads + thread, all i32. */
  readonly body: string
}

/** A program the device can run. */
export interface Program {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** The whole text of a program. */
export function wgsl({
  halfFloats = false,
  matrices = false,
  reads = {},
  writes,
  words = [],
  reals = [],
  threads,
  declarations = '',
  body,
}: ProgramSource): string {
  const buffers = [
    ...Object.entries(reads).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(writes).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
    ...(words.length > 0 ? ['var<uniform> u: Words;'] : []),
    ...(reals.length > 0 ? ['var<uniform> r: Reals;'] : []),
  ]
  return `${halfFloats ? 'enable f16;' : ''}
${matrices ? 'enable subgroups;\nenable chromium_experimental_subgroup_matrix;' : ''}
${words.length > 0 ? `struct Words { ${words.map((name) => `${name}: i32,`).join(' ')} }` : ''}
${reals.length > 0 ? `struct Reals { ${reals.map((name) => `${name}: f32,`).join(' ')} }` : ''}
${buffers.map((text, i) => `@group(0) @binding(${i}) ${text}`).join('\n')}
${declarations}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) threadIndex: u32${
    matrices ? ', @builtin(subgroup_id) subgroupId: u32, @builtin(subgroup_invocation_id) laneIndex: u32' : ''
  }) {
  let thread = i32(threadIndex);
  let group = i32(groupId.x + groupId.y * groups.x);
  let layer = i32(groupId.z);
  let item = group * ${threads} + thread;
${body}
}`
}

export function compile(device: GPUDevice, source: ProgramSource): Program {
  const { reads = {}, writes, words = [], reals = [] } = source
  const types: GPUBufferBindingType[] = [
    ...Object.keys(reads).map(() => 'read-only-storage' as const),
    ...Object.keys(writes).map(() => 'storage' as const),
    ...[words, reals].filter(({ length }) => length > 0).map(() => 'uniform' as const),
  ]
  const layout = device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
  })
  const module = device.createShaderModule({ code: wgsl(source) })
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] })
  return { layout, pipeline: device.createComputePipeline({ layout: pipelineLayout, compute: { module, entryPoint: 'main' } }) }
}
