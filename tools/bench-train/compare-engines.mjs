import { startEngine } from './engine.mjs'
import { otherCores, sampleLoad } from './machine-load.mjs'
import { median } from './profile-steps.mjs'

const QUIET_CORES = 0.1
const FEWEST = 3

/**
 * Steps of several engines in turn, each in a process of its own, until each has made enough while the rest of the machine was quiet, or time is up.
 *
 * @param {{ name: string, program: string, commandLine: string[] }[]} engines
 * @param {{ steps: number, seconds: number }} limits quiet steps wanted of each; time for this comparison without the start
 * @returns {Promise<{ name: string, version: string, steps: number, quietSteps: number | undefined, all: number, fastest: number,
 *   quiet: number | undefined }[]>} medians in milliseconds over all steps and over quiet ones (nothing where an engine has fewer than three); quietSteps is missing where there is no /proc
 */
export async function compareEngines(engines, { steps, seconds }) {
  const running = []
  try {
    for (const { program, commandLine } of engines) running.push(await startEngine(program, commandLine))
    const pids = [process.pid, ...running.map(({ pid }) => pid)]
    const times = []
    const samples = [sampleLoad(pids)]
    const known = samples[0] !== undefined
    const timesOf = (engine, quiet) =>
      times.filter((_, i) => i % running.length === engine && (!quiet || (known && otherCores(samples, i) < QUIET_CORES)))
    const enough = () => running.every((_, engine) => timesOf(engine, known).length >= steps)
    const end = performance.now() + seconds * 1000
    while (times.length < FEWEST * running.length || (performance.now() < end && !enough())) {
      for (const engine of running) {
        times.push(await engine.step())
        samples.push(sampleLoad(pids))
      }
    }
    const quiet = known && running.every((_, engine) => timesOf(engine, true).length >= FEWEST)
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
