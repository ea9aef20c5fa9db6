import { setTimeout as sleep } from 'node:timers/promises'

import { startEngine } from './engine.mjs'
import { otherCores, sampleLoad } from './machine-load.mjs'
import { median } from './profile-steps.mjs'

const QUIET_CORES = 0.1
/** Steps of an engine that make a median; as many rounds are made whether the machine is quiet or not. */
const FEWEST = 5

/**
 * Steps of several engines in turn, each in a process of its own, until each has made enough while the rest of the machine was quiet, or time is up. After
 * some rounds it waits for quiet moments.
 *
 * @param {{ name: string, program: string, commandLine: string[], env?: Record<string, string> }[]} engines
 * @param {{ steps: number, seconds: number }} limits quiet steps wanted of each; time for this comparison without the start
 * @returns {Promise<{ name: string, version: string, steps: number, quietSteps: number | undefined, all: number, fastest: number,
 *   quiet: number | undefined }[]>} medians in milliseconds over all steps and over quiet ones (nothing where an engine has fewer than five, or than `steps`);
 *   quietSteps is missing where there is no /proc. An engine that does not start has `{ name, error }` instead; it does not stop the others
 */
export async function compareEngines(engines, { steps, seconds }) {
  const fewest = Math.min(steps, FEWEST)
  const running = []
  const started = []
  const failed = []
  try {
    for (const engine of engines) {
      try {
        running.push(await startEngine(engine.program, engine.commandLine, engine.env))
        started.push(engine)
      } catch (error) {
        failed.push({ name: engine.name, error: error.message })
      }
    }
    if (running.length === 0) return failed
    const pids = [process.pid, ...running.map(({ pid }) => pid)]
    const known = sampleLoad(pids) !== undefined
    const made = []
    let samples = [sampleLoad(pids)] // since the last wait
    const isQuiet = (step) => known && otherCores(step.samples, step.index) < QUIET_CORES
    const timesOf = (engine, quiet) => made.filter((step) => step.engine === engine && (!quiet || isQuiet(step))).map(({ ms }) => ms)
    const enough = () => running.every((_, engine) => timesOf(engine, known).length >= steps)
    const end = performance.now() + seconds * 1000
    for (let round = 0; round < fewest || (performance.now() < end && !enough()); round++) {
      if (known && round >= fewest && !isQuiet(made.at(-1))) {
        await quietMoment(pids, end)
        if (performance.now() >= end) break
        samples = [sampleLoad(pids)]
      }
      for (const [engine, { step }] of running.entries()) {
        const ms = await step()
        made.push({ engine, ms, samples, index: samples.length - 1 })
        samples.push(sampleLoad(pids))
      }
    }
    const quiet = known && running.every((_, engine) => timesOf(engine, true).length >= fewest)
    const results = started.map(({ name }, engine) => ({
      name,
      version: running[engine].version,
      backend: running[engine].backend,
      steps: timesOf(engine, false).length,
      quietSteps: known ? timesOf(engine, true).length : undefined,
      fastest: Math.min(...timesOf(engine, false)),
      all: median(timesOf(engine, false)),
      quiet: quiet ? median(timesOf(engine, true)) : undefined,
    }))
    return [...results, ...failed]
  } finally {
    for (const engine of running) engine.end()
  }
}

/** Waits until the rest of the machine has been quiet for half a second, or until `end`. */
async function quietMoment(pids, end) {
  for (let before = sampleLoad(pids); performance.now() < end;) {
    await sleep(500)
    const now = sampleLoad(pids)
    if (otherCores([before, now], 0) < QUIET_CORES) return
    before = now
  }
}
