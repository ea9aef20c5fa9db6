import { createInterface } from 'node:readline'

/**
 * Warms up, says that it is ready, then makes one step for each line on stdin and prints its milliseconds. Ends with its input.
 *
 * @param {() => Promise<number>} step gives its milliseconds
 * @param {{ warmup: number, about?: object }} options seconds to warm up, at least two steps; `about` goes with the first line
 */
export async function serveSteps(step, { warmup, about }) {
  await warmUp(step, warmup)
  console.log(JSON.stringify({ version: process.versions.node, ...about }))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'step') console.log(JSON.stringify({ ms: await step() }))
  }
  process.exit(0)
}

/** At least two steps. */
export async function warmUp(step, seconds) {
  const until = performance.now() + seconds * 1000
  for (let i = 0; i < 2 || performance.now() < until; i++) await step()
}
