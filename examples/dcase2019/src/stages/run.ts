import type { RunFolder } from '../run/run-folder.js'
import type { StageOptions } from './stage-options.js'
import { ensembleStage } from './ensemble.js'
import { evaluateStage } from './evaluate.js'
import type { Evaluation } from './evaluate.js'
import { predictStage } from './predict.js'
import { prepareStage } from './prepare.js'
import { pseudoLabelStage } from './pseudo-label.js'
import { reportStage } from './report.js'
import { trainStage } from './train.js'

export interface RunResult {
  readonly evaluation: Evaluation
  /** Clips and rows that `--skip-bad` left out, and why. */
  readonly leftOut: readonly string[]
  /** What it is → where it lies. */
  readonly files: readonly (readonly [string, string])[]
}

/** The whole chain; every stage that is done already is passed over. */
export async function runAll(run: RunFolder, options: StageOptions): Promise<RunResult> {
  const { leftOut } = await prepareStage(run, options)
  for (const model of run.config.models) {
    if (model.ssl) await pseudoLabelStage(run, options, model.name)
    await trainStage(run, options, model.name)
    await predictStage(run, options, model.name)
  }
  await ensembleStage(run, options)
  const evaluation = await evaluateStage(run, options)
  const report = await reportStage(run, options)
  return {
    evaluation,
    leftOut,
    files: [
      ['submission', run.submission],
      ['scores', run.evaluation],
      ['report', report],
      ['models', `${run.path}/models`],
    ],
  }
}
