/** IEEE 754 half precision (16 bits a value) → float32, exactly. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  const result = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) {
    const exponent = (bits[i] >>> 10) & 31
    const fraction = bits[i] & 1023
    const magnitude =
      exponent === 31
        ? fraction === 0
          ? Infinity
          : NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1 + fraction / 1024) * 2 ** (exponent - 15)
    result[i] = bits[i] & 0x8000 ? -magnitude : magnitude
  }
  return result
}

/** bfloat16 (the upper 16 bits of a float32) → float32, exactly. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (word) => word << 16)
  return new Float32Array(words.buffer)
}
