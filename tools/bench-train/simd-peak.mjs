const CHAINS = 12
const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const MULTIPLY_ADD = {
  plain: (sum) => [0x20, sum, 0x20, 1, 0xfd, 0xe6, 0x01, 0x20, 2, 0xfd, 0xe4, 0x01], // sum · a + b, two roundings
  relaxed: (sum) => [0x20, sum, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02],
}

/**
 * What one thread can multiply and add with four-lane SIMD from registers alone: 12 sums that do not wait for each other.
 *
 * @param {'plain' | 'relaxed'} simd
 * @returns {number | undefined} gigaflops, the best of 40 runs of some milliseconds; nothing where the engine lacks the instructions
 */
export function simdPeak(simd) {
  const bytes = loopModule(MULTIPLY_ADD[simd])
  if (!WebAssembly.validate(bytes)) return undefined
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
  const rounds = 1e6
  let best = Infinity
  for (let i = 0; i < 40; i++) {
    const start = performance.now()
    run(rounds)
    best = Math.min(best, performance.now() - start)
  }
  return (rounds * CHAINS * 8) / best / 1e6
}

/** A module with `run(rounds: i32): f32`. Locals: 0 rounds, 1 and 2 the constants a and b, from 3 the sums. */
function loopModule(multiplyAdd) {
  const sums = Array.from({ length: CHAINS }, (_, i) => 3 + i)
  const body = [
    [0x01, 2 + CHAINS, 0x7b], // locals of v128
    splat(0.999, 1),
    splat(0.001, 2),
    sums.flatMap((sum) => splat(1 + sum, sum)),
    [0x03, 0x40], // loop
    sums.flatMap((sum) => [...multiplyAdd(sum), 0x21, sum]),
    [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // while (--rounds)
    [0x20, sums[0]],
    sums.slice(1).flatMap((sum) => [0x20, sum, 0xfd, 0xe4, 0x01]),
    [0xfd, 0x1f, 0, 0x0b],
  ].flat()
  const section = (id, content) => [id, ...size(content.length), ...content]
  return Uint8Array.from([
    ...MAGIC,
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, 3, ...new TextEncoder().encode('run'), 0, 0]),
    ...section(10, [1, ...size(body.length), ...body]),
  ])
}

/** Instructions that put a number into all lanes of a local. */
function splat(value, local) {
  return [0x43, ...new Uint8Array(new Float32Array([value]).buffer), 0xfd, 0x13, 0x21, local]
}

/** LEB128 of a length below 16384. */
function size(length) {
  return length < 128 ? [length] : [(length & 127) | 128, length >> 7]
}
