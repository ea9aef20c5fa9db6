import { ROUNDED } from './emulated-half-floats.js'

/**
 * Products of matrices by subgroups, for devices that lack them: the first thread of a subgroup computes for all. Half floats are numbers of type float32 that are rounded.
 * `'wrong'`: of a driver that computes something else; `'refused'`: of one that says it has them and compiles none.
 */
export function emulatedMatrices(gpu: GPU, kind: 'right' | 'wrong' | 'refused' = 'right'): GPU {
  return {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options)
      if (adapter) emulate(adapter, kind)
      return adapter
    },
  } as GPU
}

const MATRICES = 'chromium-experimental-subgroup-matrix'

function emulate(adapter: GPUAdapter, kind: 'right' | 'wrong' | 'refused'): void {
  const { vendor, architecture, device: name, description } = adapter.info
  const config = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 }
  const info = {
    vendor,
    architecture,
    device: name,
    description,
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    subgroupMatrixConfigs: [config],
  }
  Object.defineProperty(adapter, 'info', { value: info })
  const requestDevice = adapter.requestDevice.bind(adapter)
  adapter.requestDevice = async (descriptor) => {
    const device = await requestDevice(descriptor)
    Object.defineProperty(device, 'features', { value: new Set([...device.features, 'shader-f16', MATRICES]) })
    const createShaderModule = device.createShaderModule.bind(device)
    device.createShaderModule = ({ code, ...rest }) =>
      createShaderModule({ ...rest, code: kind !== 'refused' || !code.includes('chromium_experimental') ? translated(code, kind) : code })
    return device
  }
}

/** Half floats alone are translated in another way, which is `emulatedHalfFloats`. */
const translated = (code: string, kind: string): string =>
  code.includes('chromium_experimental')
    ? withoutMatrices(kind === 'wrong' ? code.replaceAll('MultiplyAccumulate(a0', 'MultiplyAccumulate(a1') : code)
    : code

const withoutMatrices = (code: string): string =>
  code
    .replace('enable f16;', '')
    .replace('enable subgroups;', '')
    .replace('enable chromium_experimental_subgroup_matrix;', ROUNDED + MATRIX)
    .replace(/, @builtin\(subgroup_id\).*laneIndex: u32/, '')
    .replace(
      'let thread = ',
      'let subgroupId = threadIndex / 32u; let laneIndex = threadIndex % 32u; isFirst = laneIndex == 0u;\n  let thread = ',
    )
    .replaceAll('vec4<f16>(', 'halves(')
    .replaceAll('array<f16', 'array<f32')
    .replaceAll('subgroup_matrix_result<f32, 16, 16>', 'Matrix')
    .replaceAll(
      /let (\w+) = subgroupMatrixLoad<subgroup_matrix_\w+<f16, 16, 16>, (row|col)_major>\(&(\w+), (.*), (\d+)\);/g,
      (_, name: string, major: string, tile: string, place: string, stride: string) => `
      var ${name}: Matrix;
      for (var r = 0; isFirst && r < 16; r++) {
        for (var c = 0; c < 16; c++) {
          let at = ${place} + ${major === 'row' ? `r * ${stride} + c` : `c * ${stride} + r`};
          ${name}[r * 16 + c] = ${tile}[at];
        }
      }`,
    )
    .replaceAll(/(\w+) = subgroupMatrixMultiplyAccumulate\((\w+), (\w+), \w+\);/g, 'multiply(&$2, &$3, &$1);')
    .replaceAll(
      /subgroupMatrixStore<row_major>\(&spread, own, (\w+), 16\);/g,
      'for (var i = 0; isFirst && i < 256; i++) { spread[own + i] = $1[i]; }',
    )

const MATRIX = `
alias Matrix = array<f32, 256>;
var<private> isFirst: bool;
fn multiply(a: ptr<function, Matrix>, b: ptr<function, Matrix>, sum: ptr<function, Matrix>) {
  for (var r = 0; isFirst && r < 16; r++) {
    for (var c = 0; c < 16; c++) {
      var own = (*sum)[r * 16 + c];
      for (var k = 0; k < 16; k++) { own += (*a)[r * 16 + k] * (*b)[k * 16 + c]; }
      (*sum)[r * 16 + c] = own;
    }
  }
}`
