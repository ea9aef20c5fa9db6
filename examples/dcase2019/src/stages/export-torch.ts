import { decodeSafetensors, encodeSafetensors } from '@audiotag/models'
import { join } from 'node:path'
import { UsageError } from '../cli/errors.js'
import { onlyOne } from '../cli/only-one.js'
import type { FeatureIndex } from '../data/feature-index.js'
import { readJson, readWhole, writeFileWhole } from '../run/files.js'
import { settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { snapshotFile, trainCommand } from './job-files.js'
import { checkFold } from './train.js'

/** Which weights go where; what is absent is the only one there is, and the last cycle. */
export interface ExportFlags {
  readonly model?: string
  readonly fold?: number
  readonly cycle?: number
  readonly out?: string
}

export interface ExportResult {
  readonly file: string
  readonly model: string
  readonly fold: number
  readonly cycle: number
  /** Names in the file. */
  readonly tensors: number
}

/**
 * Writes a snapshot as a safetensors file that `load_state_dict` of the authors' networks takes: PyTorch's names, shapes and order of elements. The classes, in
 * order, and where the weights come from are in the metadata.
 *
 * @throws UsageError for a model, fold or cycle that is not in the config; MissingError when it is not trained yet
 */
export function exportTorch(run: RunFolder, { out, ...flags }: ExportFlags): ExportResult {
  const model = onlyOne(
    '--model',
    run.config.models.map(({ name }) => name),
    flags.model,
  )
  const fold = onlyOne('--fold', run.config.folds.train, flags.fold)
  checkFold(run, fold)
  const { cycles } = settingsOf(run.config, model)
  const cycle = flags.cycle ?? cycles
  if (cycle > cycles) throw new UsageError(`--cycle must be at most ${cycles}, the cycles of model ${model}, got ${cycle}`)
  const { tensors, metadata } = readWhole(snapshotFile(run, model, fold, cycle), decodeSafetensors, trainCommand(run, model, fold))
  const classes = readJson<FeatureIndex>(join(run.features, 'index.json'))?.classes
  const bytes = encodeSafetensors(tensors, {
    ...metadata,
    ...(classes === undefined ? {} : { classes: JSON.stringify(classes) }),
    dcase2019: JSON.stringify({ config: run.config.name, model, fold, cycle }),
  })
  const file = out ?? join(run.path, 'export', `${model}-fold${fold}-cycle${cycle}.safetensors`)
  writeFileWhole(file, bytes)
  return { file, model, fold, cycle, tensors: Object.keys(tensors).length }
}
