/** `bytes` rounded up to cache lines, and one more: neighbours never share a line. */
export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64 + 64
}

/** `value`, at least `low` and at most `high`; `low` where they cross. */
export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value))
}
