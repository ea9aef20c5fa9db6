/** A linear congruential generator: the same numbers in every process. @returns {() => number} uniform in [0, 1) */
export function randomNumbers() {
  let state = 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 2 ** 24
  }
}
