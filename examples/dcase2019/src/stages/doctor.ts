import { selectBackend } from '@audiotag/backend'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { configNames, loadConfig, programFolder } from '../config/load-config.js'
import { trainingSteps } from '../plan/training-steps.js'
import { provenance } from '../run/run-folder.js'

/** Says what this machine has and how fast the backend that would be taken trains, measured now. */
export async function doctor(json: boolean): Promise<void> {
  const backend = await selectBackend('auto', { threads: availableParallelism() })
  const stepsPerSecond = await measureStep()
  const facts = {
    ...provenance(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    backend: { name: backend.name, reason: backend.reason, threads: backend.threads, simd: backend.simd },
    otherBackends: backend.rejected,
    clipsPerSecond: Math.round(16 * stepsPerSecond),
    configs: configNames().map((name) => {
      const { about, data } = loadConfig(name)
      return {
        name,
        about,
        data: data === null ? 'give --data' : existsSync(resolve(programFolder, data)) ? 'comes along' : `missing: ${data}`,
      }
    }),
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(facts)}\n`)
    return
  }
  const lines = [
    `dcase2019 ${facts.version}, Node ${facts.node}, ${facts.platform}`,
    `${facts.processor}, ${facts.cores} cores, ${facts.memoryGiB} GiB`,
    '',
    `backend   ${facts.backend.name}, ${facts.backend.threads} threads: ${facts.backend.reason}`,
    `speed     ${facts.clipsPerSecond} clips/s trained (ResNet34 at 1/8 width, 128 frames, batch 16)`,
    ...facts.otherBackends.map(({ name, reason }) => `not taken ${name}: ${reason}`),
    '',
    ...facts.configs.map(({ name, about, data }) => `config    ${name.padEnd(12)} ${about} Data: ${data}.`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Training steps a second of a small ResNet34, median of five after one to warm up. */
async function measureStep(): Promise<number> {
  const steps = trainingSteps('resnet34', 0.125)
  const seconds: number[] = []
  for (let i = 0; i < 6; i++) seconds.push((await steps.time({ batch: 16, length: 128 })).seconds)
  steps.dispose()
  return 1 / seconds.slice(1).toSorted((a, b) => a - b)[2]
}
