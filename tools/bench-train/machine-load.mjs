import { readFileSync } from 'node:fs'

const TICK_SECONDS = 0.01 // Linux shows all programs hundredths of a second
const SHORTEST_SECONDS = 1 // below, a tenth of a core is but a few ticks

/**
 * How busy the machine has been until now, and these processes of it. Time that a hypervisor gave to others counts as busy.
 *
 * @param {number[]} pids
 * @returns {{ seconds: number, busy: number, own: number } | undefined} a clock, and seconds of all cores; nothing where there is no /proc
 */
export function sampleLoad(pids) {
  try {
    const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
      .split('\n')[0]
      .split(/\s+/)
      .slice(1)
      .map(Number)
    const own = pids.map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')) // the name may have spaces
    return {
      seconds: performance.now() / 1000,
      busy: (user + nice + system + irq + softirq + steal) * TICK_SECONDS,
      own: own.reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0) * TICK_SECONDS,
    }
  } catch {
    return undefined
  }
}

/**
 * Cores that others used while step `index` ran, from samples taken before the first step and after each. Ticks are coarse: the steps before and after are
 * taken in until they make up a second.
 *
 * @param {{ seconds: number, busy: number, own: number }[]} samples
 * @param {number} index
 */
export function otherCores(samples, index) {
  let [first, last] = [index, index + 1]
  while (samples[last].seconds - samples[first].seconds < SHORTEST_SECONDS && (first > 0 || last < samples.length - 1)) {
    first = Math.max(0, first - 1)
    last = Math.min(samples.length - 1, last + 1)
  }
  const [from, to] = [samples[first], samples[last]]
  return (to.busy - from.busy - (to.own - from.own)) / (to.seconds - from.seconds)
}
