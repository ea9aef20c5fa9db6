import { backendReport } from '@audiotag/backend'
import { dcase2019 } from '@audiotag/melspec'
import type { FlopCounts } from '@audiotag/models'
import { totalmem } from 'node:os'
import type { Config, ModelSettings } from '../config/schema.js'
import { datasetSize, knownDatasetSize } from '../plan/dataset-size.js'
import { diskBytes } from '../plan/disk-bytes.js'
import type { DiskBytes } from '../plan/disk-bytes.js'
import { measureBackend } from '../plan/measure-backend.js'
import type { MeasuredSpeed } from '../plan/measured-speed.js'
import { modelMemory } from '../plan/model-memory.js'
import { modelWork } from '../plan/model-work.js'
import type { ModelWork } from '../plan/model-work.js'
import { processesSeconds } from '../plan/processes-seconds.js'

/** What a config costs. JSON of `plan --json`; sizes in bytes, times in seconds. */
export interface Plan {
  readonly config: string
  readonly about: string
  readonly preset: Config['preset']
  readonly data: {
    readonly source: 'folder' | 'FSDKaggle2019'
    readonly folder: string | null
    readonly classes: number
    /** Clips that are used, and their hours. */
    readonly clips: Readonly<Record<'curated' | 'noisy' | 'test', number>>
    readonly hours: Readonly<Record<'curated' | 'noisy' | 'test', number>>
  }
  /** Processes side by side, and threads of each. */
  readonly jobs: number
  readonly threads: number
  readonly models: readonly PlannedModel[]
  /** Sums over models. */
  readonly steps: number
  readonly flops: number
  readonly predictions: number
  readonly averaged: number
  readonly diskBytes: DiskBytes
  /** Of all processes at once, at the model that takes most; and what the machine has. */
  readonly memoryBytes: number
  readonly machineMemoryBytes: number
  readonly backends: readonly PlannedBackend[]
}

export interface PlannedModel {
  readonly name: string
  readonly architecture: ModelSettings['architecture']
  readonly width: number
  readonly batch: number
  readonly slice: number
  readonly folds: readonly number[]
  /** Updates, by fold, and of one cycle of the first fold. */
  readonly stepsPerFold: readonly number[]
  readonly stepsPerCycle: number
  readonly steps: number
  /** Clips of all streams that go through forward and backward passes. */
  readonly clipsTrained: number
  /** Clips that are predicted: by validations, and afterwards. */
  readonly clipsValidated: number
  readonly clipsPredicted: number
  readonly flopsPerClip: Pick<FlopCounts, 'forward' | 'backward'>
  /** Of a full batch of every stream. */
  readonly flopsPerStep: number
  readonly trainingFlops: number
  readonly predictionFlops: number
  readonly flops: number
  /** Predictions of a test clip that are made, and those that the ensemble averages or chooses from. */
  readonly predictions: number
  readonly averaged: number
  /** Of one process. `fits`: its WebAssembly heap stays below the limit; else `largestBatch` would. */
  readonly heapBytes: number
  readonly peakMemoryBytes: number
  readonly fits: boolean
  readonly largestBatch: number
  /** By backend, of all folds with `jobs` processes. */
  readonly seconds: Readonly<Record<string, { readonly training: number; readonly prediction: number }>>
}

/** A backend with its speed, or why there is none. */
export type PlannedBackend =
  | {
      readonly name: string
      /** Of one process, over all models by their share. */
      readonly flopsPerSecond: number
      /** Of the whole config, with `jobs` processes. */
      readonly seconds: number
      /** What was timed: a step of each network. */
      readonly measured: readonly ({ readonly network: string } & MeasuredSpeed)[]
    }
  | { readonly name: string; readonly reason: string }

/** How to plan. */
export interface PlanOptions {
  /** Folder of the data set; absent: the config's, and without one FSDKaggle2019's known size. */
  readonly data?: string | undefined
  readonly jobs: number
  readonly threads: number
  /** Time a step of each network on every backend that is here. */
  readonly measure: boolean
}

/** Seconds that all measuring may take. */
const measuringSeconds = 14

/**
 * Says what a config costs before anything runs: updates, floating point operations, predictions, disk, memory, and, on the speed of this machine, time.
 *
 * Updates and predictions are those of a run. Whole clips count with the mean length of their split.
 *
 * @throws DataError where a data set is named that is not there, or whose tables are wrong
 */
export async function planOf(config: Config, { data: given, jobs, threads, measure }: PlanOptions): Promise<Plan> {
  const folder = given ?? config.data
  const data = folder === null ? knownDatasetSize(config.dropBadClips) : await datasetSize(folder, config.dropBadClips)
  const { sampleRate, hopSamples, mels } = dcase2019()
  const features = { sampleRate, hopSamples: hopSamples!, mels: mels! }
  const works = config.models.map((settings) => modelWork(config, settings, data, features))
  const speeds = measure ? await measuredSpeeds(config.models, threads) : await unmeasured()
  const models = config.models.map((settings, index): PlannedModel => {
    const work = works[index]
    const { heapBytes, peakBytes, fits, largestBatch } = modelMemory(settings, data, features)
    const { forward, backward } = work.flopsPerClip
    const trainingFlops = total(work.folds, (fold) => fold.trainingFlops)
    const predictionFlops = total(work.folds, (fold) => fold.predictionFlops)
    return {
      name: settings.name,
      architecture: settings.architecture,
      width: settings.width,
      batch: settings.batch,
      slice: settings.slice,
      folds: work.folds.map(({ fold }) => fold),
      stepsPerFold: work.folds.map(({ steps }) => steps),
      stepsPerCycle: work.folds[0].stepsPerCycle,
      steps: total(work.folds, (fold) => fold.steps),
      clipsTrained: total(work.folds, (fold) => fold.clipsTrained),
      clipsValidated: total(work.folds, (fold) => fold.clipsValidated),
      clipsPredicted: total(work.folds, (fold) => fold.clipsPredicted),
      flopsPerClip: { forward, backward },
      flopsPerStep: work.flopsPerStep,
      trainingFlops,
      predictionFlops,
      flops: trainingFlops + predictionFlops,
      predictions: work.predictions,
      averaged: work.averaged,
      heapBytes,
      peakMemoryBytes: peakBytes,
      fits,
      largestBatch,
      seconds: Object.fromEntries(
        speeds.flatMap((backend) => ('reason' in backend ? [] : [[backend.name, secondsOf(work, backend.of(settings), jobs)]])),
      ),
    }
  })
  const clips = { curated: data.splits.curated, noisy: data.splits.noisy, test: data.splits.test }
  const flops = total(models, (model) => model.flops)
  return {
    config: config.name,
    about: config.about,
    preset: config.preset,
    data: {
      source: data.source,
      folder: data.folder,
      classes: data.classes,
      clips: { curated: clips.curated.rows.length, noisy: clips.noisy.rows.length, test: clips.test.rows.length },
      hours: { curated: hoursOf(clips.curated), noisy: hoursOf(clips.noisy), test: hoursOf(clips.test) },
    },
    jobs,
    threads,
    models,
    steps: total(models, (model) => model.steps),
    flops,
    predictions: total(models, (model) => model.predictions),
    averaged: total(models, (model) => model.averaged),
    diskBytes: diskBytes(config, data, features),
    memoryBytes: Math.max(...models.map(({ peakMemoryBytes, folds }) => peakMemoryBytes * Math.min(jobs, folds.length))),
    machineMemoryBytes: totalmem(),
    backends: speeds.map((backend): PlannedBackend => {
      if ('reason' in backend) return backend
      const { name, measured } = backend
      const alone = total(config.models, (settings) => models.find((model) => model.name === settings.name)!.flops / backend.of(settings))
      const seconds = total(models, (model) => model.seconds[name].training + model.seconds[name].prediction)
      return { name, flopsPerSecond: flops / alone, seconds, measured }
    }),
  }
}

const total = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((sum, item) => sum + of(item), 0)

const hoursOf = ({ rows, seconds }: { readonly rows: readonly number[]; readonly seconds: number }): number =>
  (rows.length * seconds) / 3600

const secondsOf = ({ folds }: ModelWork, flopsPerSecond: number, jobs: number) => ({
  training: processesSeconds(
    folds.map(({ trainingFlops }) => trainingFlops / flopsPerSecond),
    jobs,
  ),
  prediction: processesSeconds(
    folds.map(({ predictionFlops }) => predictionFlops / flopsPerSecond),
    jobs,
  ),
})

type BackendSpeed =
  | {
      readonly name: string
      readonly of: (settings: ModelSettings) => number
      readonly measured: readonly ({ readonly network: string } & MeasuredSpeed)[]
    }
  | { readonly name: string; readonly reason: string }

/** Models of one network run at one speed. */
const networkName = ({ architecture, width }: ModelSettings): string => `${architecture} × ${Number(width.toFixed(4))}`

async function unmeasured(): Promise<BackendSpeed[]> {
  const { backends } = await backendReport()
  return backends.map(({ name, available, reason }) => ({ name, reason: available ? 'not measured (--no-measure)' : reason }))
}

async function measuredSpeeds(models: readonly ModelSettings[], threads: number): Promise<BackendSpeed[]> {
  const { backends } = await backendReport()
  const networks = new Map<string, ModelSettings>()
  for (const settings of models) if (!networks.has(networkName(settings))) networks.set(networkName(settings), settings)
  const here = backends.filter(({ available }) => available)
  const started = performance.now()
  const left = (): number => measuringSeconds - (performance.now() - started) / 1000
  const speeds: BackendSpeed[] = []
  for (const { name, available, reason } of backends) {
    if (!available || left() <= 0) {
      speeds.push({ name, reason: available ? 'not measured: no time was left' : reason })
      continue
    }
    try {
      // The fastest comes first, is the one that is taken, and gets most of the time.
      const budgetSeconds = Math.min(6 * networks.size, (name === here.at(-1)?.name ? 1 : 3 / 4) * left())
      const all = name === here[0].name
      const { speeds: found } = await measureBackend({ name, threads, networks: [...networks.values()], budgetSeconds, all })
      const names = [...networks.keys()]
      const measured = found.map((speed, index) => ({ network: names[index], ...speed }))
      // A network that there was no time for counts as the first.
      const of = (settings: ModelSettings): number =>
        (measured.find(({ network }) => network === networkName(settings)) ?? measured[0]).flopsPerSecond
      speeds.push({ name, of, measured })
    } catch (error) {
      speeds.push({ name, reason: (error as Error).message })
    }
  }
  return speeds
}
