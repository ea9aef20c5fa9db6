/** Milliseconds of looking before sleeping: the jobs of a step follow each other within some ten microseconds, and waking a thread may take longer than that. */
const SPIN_MILLISECONDS = 0.3
/** Looks between two looks at the clock. */
const LOOKS = 200
/** Looks while processors are short. */
const FEW_LOOKS = 2000
/** A gap of so many milliseconds between two looks at the clock: the system has given the processor to somebody else, who lacks what spinning burns. */
const GONE_MILLISECONDS = 0.2
/** Milliseconds after such a gap in which this thread spins little. */
const SHORT_MILLISECONDS = 500

/** Until when processors are short. */
let shortUntil = 0

/** Looks at a word for a while; whether it is something else than `value` by then. */
export function spin(board: Int32Array, index: number, value: number): boolean {
  let before = performance.now()
  if (before < shortUntil) {
    for (let i = 0; i < FEW_LOOKS; i++) if (Atomics.load(board, index) !== value) return true
    return false
  }
  const end = before + SPIN_MILLISECONDS
  for (;;) {
    let changed = false
    for (let i = 0; i < LOOKS && !changed; i++) changed = Atomics.load(board, index) !== value
    const now = performance.now()
    if (now - before > GONE_MILLISECONDS) shortUntil = now + SHORT_MILLISECONDS
    if (changed || now < shortUntil || now > end) return changed
    before = now
  }
}
