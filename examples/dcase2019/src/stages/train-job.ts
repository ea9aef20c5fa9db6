import { createRng } from '@audiotag/augment'
import { cyclicCosine } from '@audiotag/ensemble'
import { lwlrap } from '@lwrap/metric'
import { createModel, decodeSafetensors, encodeSafetensors, loadWeights, saveModel } from '@audiotag/models'
import type { TaggingModel } from '@audiotag/models'
import { adam, captureCheckpoint, createTrainStep, restoreCheckpoint, sgd, train } from '@audiotag/train'
import type { Checkpoint, Optimizer, Stream } from '@audiotag/train'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch } from '../data/batch-maker.js'
import { MissingError, UsageError } from '../cli/errors.js'
import { createBatches } from '../data/batches.js'
import type { FeatureStore } from '../data/features.js'
import type { ModelSettings } from '../config/schema.js'
import { labelsOf, openRunFeatures } from '../run/run-features.js'
import { createEventLog } from '../run/event-log.js'
import { readWhole, writeFileWhole, writeJson } from '../run/files.js'
import { foldRows, trainingLength } from '../run/job-plan.js'
import type { FoldRows } from '../run/job-plan.js'
import { provenance, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores } from '../run/scores.js'
import { batchStreams, viewNames } from './batch-streams.js'
import { createConsistency } from './consistency.js'
import { backendsUntil, startJobBackend } from './job-backend.js'
import {
  checkpointFile,
  importedFile,
  isImportedOnly,
  isTrained,
  jobKey,
  readJobRecord,
  snapshotFile,
  trainCommand,
  writeJobRecord,
} from './job-files.js'
import { predictClips } from './predict-clips.js'
import { pseudoLabelFile } from './pseudo-label.js'
import type { StageOptions } from './stage-options.js'

/**
 * Trains one model on one fold in this process and leaves a snapshot at the end of every cosine cycle.
 *
 * Interrupted or killed, it goes on from its last checkpoint, to the same bits: batches and dropout are functions of (seed, update), never
 * of what ran before. On another backend it goes on only if that is named, or the first is gone; `run.json` then lists both. Imported weights are left as they are, but with `resume`: then training starts from them.
 *
 * @param resume go on from what is there: an error where there is neither a checkpoint nor imported weights
 * @throws MissingError when features, pseudo labels or the model to start from are not there; InterruptedError after a checkpoint
 */
export async function trainJob(run: RunFolder, name: string, fold: number, options: StageOptions, resume = false): Promise<void> {
  const { config } = run
  const settings = settingsOf(config, name)
  const key = jobKey(run, name, fold)
  const earlier = readJobRecord(run, name, fold)
  const snapshots = Array.from({ length: settings.cycles }, (_, index) => snapshotFile(run, name, fold, index + 1))
  if (isImportedOnly(earlier) ? isLeftAsImported(run, name, fold, resume) : isTrained(run, name, fold)) return
  if (resume) checkStart(run, name, fold)

  const folder = run.job(name, fold)
  const features = openRunFeatures(run)
  const rows = foldRows(run, features, fold)
  const length = trainingLength(settings, rows.curatedTrain.length, config.training.keepLastBatch)
  const classes = features.classes.length
  const streams = trainingStreams(settings)
  const pseudo = settings.ssl
    ? readScores(
        pseudoLabelFile(run, name, fold),
        { clips: features.splits.noisy.size, classes },
        `dcase2019 pseudo-label --run ${run.path} --model ${name}`,
      ).data
    : null

  const latest = checkpointFile(run, name, fold)
  const begun = earlier?.key === key && existsSync(latest) ? earlier : undefined
  const backend = await startJobBackend(options.backend, options.threads, begun?.backend?.name)
  const rng = createRng(config.seed).fork(name).fork(fold)
  const model = createTagger(run, settings, fold, classes, rng.fork('weights'))
  const consistency =
    settings.consistency &&
    createConsistency(settings.consistency, model, () => createTagger(run, settings, fold, classes, rng.fork('weights')), {
      stepsPerCycle: length.stepsPerCycle,
      rng: rng.fork('mixmatch'),
    })
  const predictor = consistency?.predictor ?? model
  const optimizer: Optimizer =
    settings.optimizer.kind === 'adam' ? adam() : sgd({ momentum: settings.optimizer.momentum, nesterov: settings.optimizer.nesterov })

  mkdirSync(join(folder, 'checkpoints'), { recursive: true })
  writeJson(join(folder, 'config.json'), settings)
  const startStep = begun
    ? readWhole(
        latest,
        (bytes) => {
          // Of this program: its tensors are float32 and int32 only.
          const checkpoint = decodeSafetensors(bytes) as Checkpoint
          const cycles = Math.floor(Number(checkpoint.metadata['step']) / length.stepsPerCycle)
          // A snapshot that is gone comes back from the start only.
          if (!snapshots.slice(0, cycles).every((file) => existsSync(file))) return 0
          const { step } = restoreCheckpoint(checkpoint, { model, optimizer })
          consistency?.restore(checkpoint.tensors, step)
          return step
        },
        trainCommand(run, name, fold),
      )
    : 0
  const backends = [...backendsUntil(startStep, earlier), { name: backend.name, fromStep: startStep }].filter(
    ({ name: each }, index, all) => each !== all[index - 1]?.name,
  )
  const changed = backends.at(-1)!.fromStep === startStep && startStep > 0
  const log = createEventLog(folder, startStep, options.report)
  const started = new Date()
  const before = startStep > 0 ? (earlier?.seconds ?? 0) : 0
  const record = (status: 'running' | 'done' | 'interrupted' | 'failed') =>
    writeJobRecord(run, name, fold, {
      status,
      key,
      ...provenance(),
      backend,
      ...(backends.length > 1 ? { backends } : {}),
      seed: config.seed,
      ...(earlier?.imported ? { imported: earlier.imported } : {}),
      started: started.toISOString(),
      seconds: before + (Date.now() - started.getTime()) / 1000,
      steps: length.steps,
    })
  record('running')
  if (startStep === 0 && earlier?.imported)
    options.report({ type: 'warning', message: `model ${name}, fold ${fold}: starts from imported weights; the optimiser starts anew` })
  if (changed)
    options.report({
      type: 'warning',
      message: `model ${name}, fold ${fold}: goes on from update ${startStep} on ${backend.name}, begun on ${backends.at(-2)!.name}: not to the bits that ${backends.at(-2)!.name} would give`,
    })

  const batches = createBatches({
    features: { dir: run.features, dropBad: config.dropBadClips },
    input: settings.input,
    streams: batchStreams(config, settings, rows, pseudo, features),
    seed: `${config.seed}/${name}/${fold}`,
    workers: options.workers,
    startStep,
  })
  const save = async (step: number) => {
    const state = await captureCheckpoint({ model, optimizer }, { step })
    writeFileWhole(
      checkpointFile(run, name, fold),
      encodeSafetensors({ ...state.tensors, ...(await consistency?.tensors()) }, state.metadata),
    )
  }
  const { stepsPerEpoch, stepsPerCycle, epochs, steps } = length
  const clipsPerEpoch =
    rows.curatedTrain.length +
    stepsPerEpoch * ((settings.losses.noisy ? settings.batch : 0) + (settings.ssl?.batch ?? 0) + (settings.consistency?.batch ?? 0))
  let epochStart = performance.now()
  let finished = false
  let rate = 0
  try {
    const events = train({
      step: createTrainStep({
        model,
        optimizer,
        streams: consistency ? [...streams, consistency.stream] : streams,
        activations: config.training.activations,
      }),
      batches: async (step) => {
        const next = await nextBatches(
          batches,
          consistency ? [...streams.map((stream) => stream.name), ...viewNames] : streams.map((stream) => stream.name),
          step,
        )
        return consistency ? consistency.complete(next, step) : next
      },
      ...(consistency && { weights: (step: number) => ({ [consistency.stream.name]: consistency.weightAt(step) }) }),
      learningRate: cyclicCosine({
        maxRate: settings.maxRate,
        minRate: settings.minRate,
        stepsPerCycle,
        periodOffset: settings.periodOffset,
      }),
      steps,
      startStep,
      stepsPerEpoch,
      cycleSteps: stepsPerCycle,
      signal: options.signal,
      rng: rng.fork('dropout'),
    })
    for await (const event of events) {
      if (event.type === 'step') {
        rate = event.learningRate
        consistency?.updated()
      }
      if (event.type === 'epoch') {
        const clipsPerSecond = clipsPerEpoch / ((performance.now() - epochStart) / 1000)
        const { epoch, step } = event
        log({
          type: 'epoch',
          model: name,
          fold,
          epoch,
          epochs,
          step,
          learningRate: rate,
          losses: { total: event.total, ...event.streams },
          clipsPerSecond,
        })
        const endOfCycle = step % stepsPerCycle === 0
        if (endOfCycle || epoch % config.training.validateEpochs === 0) {
          log({ type: 'validation', model: name, fold, epoch, step, lwlrap: await validate(predictor, settings, features, rows) })
        }
        if (endOfCycle) {
          const file = snapshotFile(run, name, fold, step / stepsPerCycle)
          writeFileWhole(file, await saveModel(predictor))
          log({ type: 'snapshot', model: name, fold, cycle: step / stepsPerCycle, step, file })
        }
        if (endOfCycle || epoch % config.training.checkpointEpochs === 0) {
          await save(step)
          record('running')
        }
        epochStart = performance.now()
      }
      if (event.type === 'aborted') {
        await save(event.step)
        record('interrupted')
        options.signal.throwIfAborted()
      }
    }
    finished = true
    record('done')
  } catch (error) {
    if (!options.signal.aborted) tryRecord(() => record('failed'))
    throw error
  } finally {
    await batches.close()
    features.close()
    optimizer.dispose()
    consistency?.dispose()
    model.dispose()
    if (finished) log.close()
  }
}

function trainingStreams(settings: ModelSettings): Stream[] {
  const { losses, ssl } = settings
  return [
    { name: 'curated', head: 'curated', loss: losses.curated },
    ...(losses.noisy ? [{ name: 'noisy', head: 'noisy', loss: losses.noisy }] : []),
    ...(ssl ? [{ name: 'ssl', head: 'curated', loss: 'mse' as const, weight: ssl.weight }] : []),
  ]
}

/** Whether imported weights are all there is to be: training on from them must be asked for. */
function isLeftAsImported(run: RunFolder, name: string, fold: number, resume: boolean): boolean {
  const { cycles } = settingsOf(run.config, name)
  const there = Object.keys(readJobRecord(run, name, fold)?.imported ?? {})
  if (!resume && there.length < cycles)
    throw new UsageError(
      `model ${name} on fold ${fold} holds imported weights of cycle ${there.join(', ')} of ${cycles}. Import the others, or train on from them with --resume.`,
    )
  return !resume
}

/** `--resume` must not begin from random weights unseen. */
function checkStart(run: RunFolder, name: string, fold: number): void {
  const record = readJobRecord(run, name, fold)
  const isStarted = record?.key === jobKey(run, name, fold) && existsSync(checkpointFile(run, name, fold))
  if (record?.imported || isStarted) return
  throw new MissingError(
    `--resume: there is nothing to go on from for model ${name} on fold ${fold}: no imported weights, no checkpoint of these settings in ${run.job(name, fold)}. Import some (dcase2019 import-torch FILE --run ${run.path} --model ${name} --fold ${fold}), or train without --resume.`,
  )
}

/** The network of a model, new or with the weights of the model that it starts from, or of the file that was imported. */
function createTagger(run: RunFolder, settings: ModelSettings, fold: number, classes: number, rng: () => number): TaggingModel {
  const { architecture, width, activation, losses, initFrom, convolutionInit } = settings
  const model = createModel(
    { architecture, classes, width, activation, heads: losses.noisy ? ['curated', 'noisy'] : ['curated'] },
    { rng, convolutionInit },
  )
  if (readJobRecord(run, settings.name, fold)?.imported) {
    readWhole(importedFile(run, settings.name, fold), (bytes) => loadWeights(model, bytes), `dcase2019 import-torch FILE --run ${run.path}`)
  } else if (initFrom !== null) {
    const file = snapshotFile(run, initFrom, fold, settingsOf(run.config, initFrom).cycles)
    readWhole(file, (bytes) => loadWeights(model, bytes), trainCommand(run, initFrom, fold))
  }
  return model
}

async function nextBatches(
  batches: ReturnType<typeof createBatches>,
  names: readonly string[],
  step: number,
): Promise<Record<string, Batch>> {
  const all = await Promise.all(names.map((name) => batches.next(name, step)))
  return Object.fromEntries(names.map((name, i) => [name, all[i]]))
}

/** Zeros on both sides of a held-out clip in validation, in samples: the authors pad waveforms by half a slice. */
export const validationPad = ({ input, slice, augment }: ModelSettings): number =>
  input === 'waveform' && augment.variant === 'referenceCode' ? Math.floor(slice / 2) : 0

/** lwlrap of the held-out clips at full length, by the model as it stands. */
async function validate(model: TaggingModel, settings: ModelSettings, features: FeatureStore, rows: FoldRows): Promise<number> {
  const pad = validationPad(settings)
  const scores = await predictClips(model, settings, features, 'curated', rows.curatedValid, pad)
  return lwlrap(labelsOf(features, 'curated', rows.curatedValid), scores.data, { classes: scores.classes }).overall
}

function tryRecord(write: () => void): void {
  try {
    write()
  } catch {
    // the disk may be what failed; the first error says so
  }
}
