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
 * @param {{ name: string, program: string, commandLine: string[] }[]} engines
 * @param {{ steps: number, seconds: number }} limits quiet steps wanted of each; time for this comparison without the start
 * @returns {Promise<{ name: string, version: string, steps: number, quietSteps: number | undefined, all: number, fastest: number,
 *   quiet: number | undefined }[]>} medians in milliseconds over all steps and over quiet ones (nothing where an engine has fewer than five, or than `steps`);
 *   quietSteps is missing where there is no /proc
 */
export async function compareEngines(engines, { steps, seconds }) {
  const fewest = Math.min(steps, FEWEST)
  const running = []
  try {
    for (const { program, commandLine } of engines) running.push(await startEngine(program, commandLine))
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
    return engines.map(({ name }, engine) => ({
      name,
      version: running[engine].version,
      steps: timesOf(engine, false).length,
      quietSteps: known ? timesOf(engine, true).length : undefined,
      fastest: Math.min(...timesOf(engine, false)),
      all: median(timesOf(engine, false)),
      quiet: quiet ? median(timesOf(engine, true)) : undefined,
    }))
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
