import { backendReport } from '@audiotag/backend'
import { flopCounts } from '@audiotag/models'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { configNames, loadConfig, programFolder } from '../config/load-config.js'
import { measureBackend } from '../plan/measure-backend.js'
import { timedMels, timedNetwork } from '../plan/training-steps.js'
import { provenance } from '../run/run-folder.js'
import { backendNeeds } from './backend-needs.js'

/** One choice of `--backend`. JSON of `doctor --json`. */
export interface DoctorBackend {
  readonly name: string
  readonly available: boolean
  /** What it says about itself once it runs, or why it cannot be used. */
  readonly reason: string
  /** What to type so that it is there; empty where it is. */
  readonly needs: readonly string[]
  /** Why `auto` passes it over though it is available. */
  readonly passedOver?: string
  readonly threads?: number
  readonly simd?: string
  /** Measured now. */
  readonly clipsPerSecond?: { readonly trained: number; readonly predicted: number }
}

/** A small ResNet34 on short clips. */
const measured = { architecture: 'resnet34', width: 0.125, slice: 128, batch: 16 } as const
const measuredText = 'ResNet34 at 1/8 width, 128 frames, batches of up to 16'
const secondsEach = 4

/** Says what this machine has, what every backend would need, and how fast the ones that are here train and predict, each measured in a process of its own. */
export async function doctor({ json, measure }: { readonly json: boolean; readonly measure: boolean }): Promise<void> {
  const threads = availableParallelism()
  const backends: DoctorBackend[] = []
  for (const { name, available, reason, passedOver } of (await backendReport()).backends)
    backends.push(
      available
        ? { ...(await examined(name, threads, measure)), ...(passedOver !== '' && { passedOver }) }
        : { name, available, reason: reason.replace(/\.$/u, ''), needs: backendNeeds[name] ?? [] },
    )
  const usable = backends.filter(({ available }) => available)
  const speed = ({ clipsPerSecond }: DoctorBackend): number => clipsPerSecond?.trained ?? 0
  const fastest = usable.toSorted((a, b) => speed(b) - speed(a)).find((backend) => speed(backend) > 0)
  const facts = {
    ...provenance(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: threads,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    nvidia: nvidiaGpus(),
    /** What `--backend auto` takes, and what trained fastest here. */
    auto: usable.find(({ passedOver }) => passedOver === undefined)?.name ?? null,
    fastest: fastest?.name ?? null,
    measured: measure ? measuredText : null,
    backends,
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
    ...facts.nvidia,
    '',
    ...backends.flatMap(backendLines),
    '',
    `--backend auto takes ${facts.auto ?? 'nothing: no backend is here'}${adviceOf(facts)}`,
    ...(measure ? [`Measured: ${measuredText}, for ${secondsEach} s each.`] : []),
    '',
    ...facts.configs.map(({ name, about, data }) => `config    ${name.padEnd(12)} ${about} Data: ${data}.`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** A backend that is installed: whether it starts, and how fast it is. */
async function examined(name: string, threads: number, measure: boolean): Promise<DoctorBackend> {
  if (!measure) return { name, available: true, reason: 'here, not measured (--no-measure)', needs: [] }
  try {
    const { started, speeds } = await measureBackend({ name, threads, networks: [measured], budgetSeconds: secondsEach, all: true })
    const [{ flopsPerSecond, predictionFlopsPerSecond }] = speeds
    const { forward, backward } = flopCounts(timedNetwork(measured.architecture, measured.width), {
      length: measured.slice,
      mels: timedMels,
    })
    return {
      name,
      available: true,
      needs: [],
      ...started,
      clipsPerSecond: { trained: rounded(flopsPerSecond / (forward + backward)), predicted: rounded(predictionFlopsPerSecond / forward) },
    }
  } catch (error) {
    return { name, available: false, reason: (error as Error).message.replace(/\.$/u, ''), needs: backendNeeds[name] ?? [] }
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3))

function backendLines({ name, reason, needs, passedOver, clipsPerSecond }: DoctorBackend): string[] {
  const label = name.padEnd(9)
  const aside = passedOver === undefined ? [] : [`${' '.repeat(12)}auto passes it over: ${passedOver}`]
  if (clipsPerSecond) {
    return [`${label} ${clipsPerSecond.trained} clips/s trained, ${clipsPerSecond.predicted} predicted: ${reason}`, ...aside]
  }
  return [
    `${label} ${needs.length > 0 ? `not here: ${reason}. It needs:` : reason}`,
    ...needs.map((command) => `${' '.repeat(12)}${command}`),
    ...aside,
  ]
}

const adviceOf = ({ auto, fastest }: { readonly auto: string | null; readonly fastest: string | null }): string =>
  fastest !== null && fastest !== auto ? `; here ${fastest} is faster: --backend ${fastest}` : ''

/** Names of the GPUs that NVIDIA's driver knows. */
function nvidiaGpus(): string[] {
  try {
    const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']
    const text = execFileSync('nvidia-smi', query, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 })
    return text.trim().split('\n').filter(Boolean)
  } catch {
    return []
  }
}
