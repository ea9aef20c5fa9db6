/**
 * WGSL: whether a number is none, and the larger of a number and 0, which of NaN is NaN; `rectified4` of four. By their bits: devices may take it that there is no NaN, and
 * NVIDIA's driver makes 0 of it where it is compared.
 */
export const NOT_A_NUMBER = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn rectified(x: f32) -> f32 { return select(max(x, 0.0), x, isNan(x)); }
fn rectified4(x: vec4f) -> vec4f {
  return select(max(x, vec4f(0.0)), x, (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}`
