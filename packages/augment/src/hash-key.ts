const C1 = 0x239b961b
const C2 = 0xab0e9789
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))

function scramble(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * 128-bit hash of `label`, keyed by `key` (4 int32 each): the block function of MurmurHash3 x86_128 on UTF-16 code units, one a
 * 32-bit word. Never all zero, which is the one state a xoroshiro generator cannot leave.
 */
export function hashKey(key: readonly number[], label: string): number[] {
  let [h1, h2, h3, h4] = key as [number, number, number, number]
  for (let i = 0; i < label.length; i += 4) {
    // charCodeAt past the end is NaN, which | 0 makes 0; the length below tells such ends apart
    h1 ^= Math.imul(rotate(Math.imul(label.charCodeAt(i), C1), 15), C2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(label.charCodeAt(i + 1) | 0, C2), 16), C3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(label.charCodeAt(i + 2) | 0, C3), 17), C4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(label.charCodeAt(i + 3) | 0, C4), 18), C1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  h1 ^= label.length
  h2 ^= label.length
  h3 ^= label.length
  h4 ^= label.length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = scramble((h2 + h1) | 0)
  h3 = scramble((h3 + h1) | 0)
  h4 = scramble((h4 + h1) | 0)
  h1 = (scramble(h1) + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  return h1 === 0 && h2 === 0 && h3 === 0 && h4 === 0 ? [1, 0, 0, 0] : [h1, h2, h3, h4]
}
