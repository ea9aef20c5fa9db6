import { join } from 'node:path'
import { MissingError } from '../cli/errors.js'
import { openDataset } from '../data/dataset.js'
import { prepare } from '../data/prepare.js'
import { hashOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'

/** Reads the data set, decodes every clip and writes features: power log-mels, waveforms, labels. */
export async function prepareStage(run: RunFolder, options: StageOptions): Promise<{ features: string }> {
  const { config } = run
  if (config.data === null)
    throw new MissingError(
      `config '${config.name}' brings no sounds. Give the folder of FSDKaggle2019 (Zenodo's or Kaggle's files): --data DIR`,
    )
  const waveform = config.models.some(({ input }) => input === 'waveform')
  const key = hashOf([config.data, waveform, config.dropBadClips, options.skipBad])
  await runStage(run, options, { stage: 'prepare', key, outputs: [join(run.features, 'index.json')] }, async () => {
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
  return { features: join(run.features) }
}
