import { MissingError } from '../cli/errors.js'
import { DataError } from '../data/data-error.js'
import { openDataset } from '../data/dataset.js'
import { readFeatureIndex } from '../data/feature-index.js'
import { prepare } from '../data/prepare.js'
import { doneStage, hashOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'

/** Reads the data set, decodes every clip and writes features: power log-mels, waveforms, labels. */
export async function prepareStage(run: RunFolder, options: StageOptions): Promise<{ features: string; leftOut: readonly string[] }> {
  const { config } = run
  if (config.data === null)
    throw new MissingError(
      `config '${config.name}' brings no sounds. Give the folder of FSDKaggle2019 (Zenodo's or Kaggle's files): --data DIR`,
    )
  const waveform = config.models.some(({ input }) => input === 'waveform')
  const key = hashOf([config.data, waveform, config.dropBadClips, options.skipBad])
  await runStage(run, options, { stage: 'prepare', key, holds: () => areWhole(run.features) }, async () => {
    const dataset = await openDataset(config.data!, { skipBad: options.skipBad })
    const {
      clips,
      hash,
      problems: badAudio,
    } = await prepare({
      dataset,
      out: run.features,
      features: { waveform },
      workers: options.workers,
      skipBad: options.skipBad,
      signal: options.signal,
      onProgress: ({ clips: done, total }) => options.report({ type: 'progress', stage: 'prepare', done, total, unit: 'clips' }),
    })
    const problems = [...dataset.problems, ...badAudio]
    for (const problem of problems) options.report({ type: 'warning', message: problem.message })
    return {
      note: `${clips} clips of ${dataset.classes.length} classes (${dataset.layout} layout)${problems.length > 0 ? `, ${problems.length} left out` : ''}`,
      details: { hash, problems: problems.map(({ message }) => message) },
    }
  })
  const problems = doneStage(run, 'prepare', key)?.['problems']
  return { features: run.features, leftOut: Array.isArray(problems) ? problems.map(String) : [] }
}

/** Whether features are there and of full length; what is damaged is made again. */
function areWhole(dir: string): boolean {
  try {
    readFeatureIndex(dir)
    return true
  } catch (error) {
    if (error instanceof DataError && (error.code === 'missing-data' || error.code === 'features')) return false
    throw error
  }
}
