/** `shader-f16` for devices that lack it: a number of type f16 is a float32 rounded to one. A device that has it is left as it is. */
export function emulatedHalfFloats(gpu: GPU): GPU {
  return {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options)
      if (adapter && !adapter.features.has('shader-f16')) emulate(adapter)
      return adapter
    },
  } as GPU
}

function emulate(adapter: GPUAdapter): void {
  const requestDevice = adapter.requestDevice.bind(adapter)
  adapter.requestDevice = async (descriptor) => {
    const device = await requestDevice(descriptor)
    Object.defineProperty(device, 'features', { value: new Set([...device.features, 'shader-f16']) })
    const createShaderModule = device.createShaderModule.bind(device)
    device.createShaderModule = ({ code, ...rest }) => createShaderModule({ ...rest, code: withoutHalfFloats(code) })
    return device
  }
}

const withoutHalfFloats = (code: string): string =>
  code.startsWith('enable f16;')
    ? code
        .replace('enable f16;', ROUNDED)
        .replaceAll('vec4<factor>(', 'halves(')
        .replaceAll(/\bfactor\(/g, 'halfOf(')
        .replace('alias factor = f16;', 'alias factor = f32;')
    : code

/** To nearest, ties to even. Not `quantizeToF16`: SwiftShader's cuts digits off. */
export const ROUNDED = `
fn halfOf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size >= 0x7f800000u) { return x; } // infinite, NaN
  if (size < 0x38800000u) { return round(x * 0x1p24) * 0x1p-24; }
  let even = (bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u;
  return select(bitcast<f32>(even), bitcast<f32>((bits & 0x80000000u) | 0x7f800000u), (even & 0x7fffffffu) >= 0x47800000u);
}
fn halves(x: vec4f) -> vec4f { return vec4f(halfOf(x.x), halfOf(x.y), halfOf(x.z), halfOf(x.w)); }`
