import { selectBackend } from '@audiotag/backend'
import { decodeSafetensors, decodeTorchCheckpoint, inferModelConfig, loadTorchModel, ModelError, saveModel } from '@audiotag/models'
import type { InferredModelConfig, NamedArray } from '@audiotag/models'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { MissingError, UsageError } from '../cli/errors.js'
import { onlyOne } from '../cli/only-one.js'
import { resolveConfig } from '../config/load-config.js'
import type { Config, ModelSettings } from '../config/schema.js'
import { openDataset } from '../data/dataset.js'
import type { FeatureIndex } from '../data/feature-index.js'
import { readJson, writeFileWhole, writeJson } from '../run/files.js'
import { hashOf, openRun, provenance, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { importedFile, isImportedOnly, readJobRecord, snapshotFile, writeJobRecord } from './job-files.js'

/** Where the weights go, and what no file of PyTorch says. */
export interface ImportFlags {
  /** Folder of the experiment. */
  readonly run: string
  readonly data?: string
  readonly model?: string
  readonly fold?: number
  readonly cycle?: number
  readonly activation?: 'sigmoid' | 'softmax'
  readonly root?: string
}

export interface ImportResult extends InferredModelConfig {
  readonly run: string
  readonly model: string
  readonly fold: number
  readonly cycle: number
  readonly activation: 'sigmoid' | 'softmax'
  /** Cycles of the model that still have no weights. */
  readonly missingCycles: readonly number[]
}

/** Weights of a file, and what else it says. */
interface Weights {
  readonly file: string
  readonly sha256: string
  readonly tensors: Record<string, NamedArray>
  readonly found: InferredModelConfig
  readonly classes: readonly string[] | undefined
  readonly activation: string | undefined
}

/**
 * Puts the weights of a PyTorch checkpoint or a safetensors file into a run folder as a snapshot of one model, fold and cycle, so that `predict` takes them as if they had
 * been trained there, and `train --resume` starts from them. Without a config the run is made from the file: the paper's model of that architecture, at the width and with the
 * heads of the file, one cycle, no padding.
 *
 * The order of classes is the data set's; the file's own list (`classes`) must agree. The state of the optimiser is not taken over.
 *
 * @param config the config to use; null: that of the run folder, else one made from the file
 * @throws MissingError without the file or a data set; UsageError when the weights do not fit model or classes, or the job has been trained already; Error for a file
 * that cannot be read. Then nothing has changed.
 */
export async function importTorch(path: string, flags: ImportFlags, config: Config | null): Promise<ImportResult> {
  const weights = await readWeights(path, flags.root)
  const data = flags.data === undefined ? {} : { data: resolve(flags.data) }
  const kept = existsSync(join(flags.run, 'config.json')) ? openRun(flags.run, config, data) : null
  const used: Config = kept?.config ?? { ...(config ?? configOf(weights, flags)), ...data }
  const settings = settingsOf(
    used,
    onlyOne(
      '--model',
      used.models.map(({ name }) => name),
      flags.model,
    ),
  )
  const fold = onlyOne('--fold', used.folds.train, flags.fold)
  if (!used.folds.train.includes(fold)) throw new UsageError(`--fold must be one of ${used.folds.train.join(', ')}, got ${fold}`)
  const cycle = flags.cycle ?? onlyOne('--cycle', cyclesOf(settings), undefined)
  if (cycle > settings.cycles)
    throw new UsageError(`--cycle must be at most ${settings.cycles}, the cycles of model ${settings.name}, got ${cycle}`)
  for (const activation of [flags.activation, weights.activation])
    if (activation !== undefined && activation !== settings.activation)
      throw new UsageError(
        `model ${settings.name} ends in ${settings.activation}, these weights in ${activation}. Choose another --model or --config.`,
      )
  checkClasses(weights, await classesOf(used, kept))
  const bytes = await converted(weights, settings)

  const run = kept ?? openRun(flags.run, used)
  const earlier = readJobRecord(run, settings.name, fold)
  if (earlier !== undefined && !isImportedOnly(earlier))
    throw new UsageError(
      `${run.job(settings.name, fold)} holds a training of its own, which would be lost. Choose another --run, --model or --fold.`,
    )
  const imported = { ...earlier?.imported, [cycle]: { file: basename(weights.file), sha256: weights.sha256 } }
  const missingCycles = cyclesOf(settings).filter((each) => !Object.hasOwn(imported, each))
  writeFileWhole(snapshotFile(run, settings.name, fold, cycle), bytes)
  if (cycle === Math.max(...Object.keys(imported).map(Number))) writeFileWhole(importedFile(run, settings.name, fold), bytes)
  writeJson(join(run.job(settings.name, fold), 'config.json'), settings)
  writeJobRecord(run, settings.name, fold, {
    status: missingCycles.length === 0 ? 'done' : 'interrupted',
    key: hashOf(imported),
    ...provenance(),
    seed: used.seed,
    started: new Date().toISOString(),
    steps: 0,
    imported,
  })
  return { run: run.path, model: settings.name, fold, cycle, ...weights.found, activation: settings.activation, missingCycles }
}

/** What was imported and what comes next, for people. */
export function importSummary({
  run,
  model,
  fold,
  cycle,
  architecture,
  width,
  heads,
  classes,
  activation,
  missingCycles,
}: ImportResult): string {
  const next =
    missingCycles.length > 0
      ? [
          `Cycles without weights: ${missingCycles.join(', ')}. Import them too, or train on: dcase2019 train --run ${run} --model ${model} --fold ${fold} --resume`,
        ]
      : [
          `Next: dcase2019 prepare --run ${run}`,
          `      dcase2019 predict --run ${run} --model ${model} --fold ${fold}`,
          `      dcase2019 train --run ${run} --model ${model} --fold ${fold} --resume`,
        ]
  return [
    `Model ${model}, fold ${fold}, cycle ${cycle}: ${architecture}, width ${width}, heads ${heads.join(', ')}, ${classes} classes, ${activation}.`,
    'The state of the optimiser was not taken over: training on starts it anew.',
    ...next,
  ].join('\n')
}

const cyclesOf = ({ cycles }: ModelSettings): number[] => Array.from({ length: cycles }, (_, index) => index + 1)

async function readWeights(path: string, root: string | undefined): Promise<Weights> {
  const kind = extname(path).toLowerCase()
  if (!['.pth', '.pt', '.safetensors'].includes(kind))
    throw new UsageError(`FILE must end in .pth, .pt or .safetensors, got ${basename(path)}`)
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingError(`${path} is not there`)
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    const { tensors, classes, activation } = kind === '.safetensors' ? ofSafetensors(bytes) : await ofCheckpoint(bytes, root)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { file: path, sha256, tensors, found: inferModelConfig(tensors), classes, activation }
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause })
  }
}

type Contents = Pick<Weights, 'tensors' | 'classes' | 'activation'>

async function ofCheckpoint(bytes: Uint8Array, root: string | undefined): Promise<Contents> {
  const { tensors, scalars } = await decodeTorchCheckpoint(bytes, root === undefined ? {} : { root })
  return { tensors, classes: namesIn(scalars['classes']), activation: undefined }
}

/** Files of this program say in their metadata what they are; others say nothing. */
function ofSafetensors(bytes: Uint8Array): Contents {
  const { tensors, metadata } = decodeSafetensors(bytes)
  const model = parsed(metadata['audiotag.model']) as { activation?: string } | undefined
  return { tensors, classes: namesIn(parsed(metadata['classes'])), activation: model?.activation }
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined // whoever wrote it means another thing by that name
  }
}

const namesIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string') ? value : undefined

/** The paper's model of the file's architecture, with what the file shows. */
function configOf({ file, found, activation: stored }: Weights, { activation: given, model = 'imported', fold = 0 }: ImportFlags): Config {
  const { architecture, width, heads } = found
  const isWaveform = architecture === 'envnet2'
  const activation = given ?? stored ?? (isWaveform ? undefined : 'sigmoid')
  if (activation === undefined)
    throw new UsageError(
      `${basename(file)} holds an EnvNet-v2, and does not say what it ends in: --activation sigmoid (the paper's #4) or --activation softmax (#5, #6)`,
    )
  if (heads.length > 2)
    throw new UsageError(`${basename(file)} has ${heads.length} heads; models here have one, or one for curated and one for noisy labels`)
  const paper = isWaveform ? (activation === 'softmax' ? '5' : '4') : '1'
  const settings = { paper, name: model, architecture, width, activation, cycles: 1, pads: [0], initFrom: null }
  return resolveConfig(
    {
      name: 'imported',
      about: `Weights of ${basename(file)}.`,
      folds: { train: [fold] },
      models: [{ ...settings, ...(heads.length === 1 ? { losses: { noisy: null } } : {}) }],
      ensemble: { choose: 'fixed', members: [{ model, weight: 1, cycles: null, pads: null }] },
    },
    basename(file),
  )
}

async function classesOf(config: Config, kept: RunFolder | null): Promise<readonly string[]> {
  const prepared = kept === null ? undefined : readJson<FeatureIndex>(join(kept.features, 'index.json'))
  if (prepared !== undefined) return prepared.classes
  if (config.data === null)
    throw new MissingError('import-torch needs the data set, for the order of its classes. Give the folder of FSDKaggle2019: --data DIR')
  return (await openDataset(config.data, { skipBad: true })).classes
}

function checkClasses({ file, found, classes: own }: Weights, classes: readonly string[]): void {
  const name = basename(file)
  if (own !== undefined && own.length !== found.classes)
    throw new UsageError(`${name} lists ${own.length} classes (${own.slice(0, 3).join(', ')} …), its network has ${found.classes}`)
  if (found.classes !== classes.length)
    throw new UsageError(`${name} tells ${found.classes} classes apart, the data set has ${classes.length}`)
  const place = own?.findIndex((each, index) => each !== classes[index]) ?? -1
  if (place >= 0)
    throw new UsageError(
      `${name} lists class ${place + 1} as '${own![place]}', in the data set it is '${classes[place]}': the outputs would be mistaken for others`,
    )
}

/** The weights as a snapshot of this program. */
async function converted({ file, tensors, found }: Weights, settings: ModelSettings): Promise<Uint8Array> {
  const { name, architecture, width, activation, losses } = settings
  const heads = losses.noisy ? ['curated', 'noisy'] : ['curated']
  await selectBackend('cpu')
  try {
    const model = loadTorchModel(tensors, { architecture, width, activation, heads, classes: found.classes })
    const bytes = await saveModel(model)
    model.dispose()
    return bytes
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause
    throw new UsageError(
      `${basename(file)} (${found.architecture}, width ${found.width}, ${found.heads.length} heads) does not fit model ${name} (${architecture}, width ${width}, ${heads.length} heads): ${cause.message}`,
      { cause },
    )
  }
}
