// Shared by every kernel: parameters, vector shorthands. Functions this small are inlined by the compiler.

/** Word `index` of the parameters of a job. */
export function word(parameters: usize, index: i32): i32 {
  return load<i32>(parameters + (index << 2))
}

/** Float `index` of the parameters of a job. */
export function real(parameters: usize, index: i32): f32 {
  return load<f32>(parameters + (index << 2))
}

/** Address `index` of the parameters of a job. */
export function address(parameters: usize, index: i32): usize {
  return load<u32>(parameters + (index << 2))
}

/** a * b + c. One rounding with relaxed SIMD, two without. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)
}

/** The first unit of part `part` when `units` are shared out over `parts`. */
export function firstUnit(units: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>units * part) / parts)
}

/** Sets `bytes` bytes to zero; a multiple of 4. */
export function zero(pointer: usize, bytes: usize): void {
  memory.fill(pointer, 0, bytes)
}
