import { hardPseudoLabels, softPseudoLabels } from '@audiotag/ssl'
import { join } from 'node:path'
import { UsageError } from '../cli/errors.js'
import { openRunFeatures } from '../run/run-features.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { meanScores, readScores, writeScores } from '../run/scores.js'
import { jobKey, predictionFile } from './job-files.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'

/** Where the pseudo labels for a learner on a fold lie: float32 `[noisy clips, classes]`. */
export const pseudoLabelFile = (run: RunFolder, learner: string, fold: number): string => join(run.pseudoLabels(learner), `fold${fold}.npy`)

/**
 * Pseudo labels of the noisy clips for every model with an SSL stream (or the one named): the labeller's mean probability over its
 * snapshots, and over all folds or the learner's own, sharpened (or hard).
 *
 * @source report §6.3; authors' `predict_noisy.py`, `train_model2.py`
 */
export async function pseudoLabelStage(run: RunFolder, options: StageOptions, learner?: string): Promise<{ labels: string[] }> {
  const learners = learner === undefined ? run.config.models.filter(({ ssl }) => ssl !== null) : [settingsOf(run.config, learner)]
  const files: string[] = []
  for (const { name, ssl } of learners) {
    if (!ssl) throw new UsageError(`model ${name} has no SSL stream, so it needs no pseudo labels`)
    const labeller = settingsOf(run.config, ssl.labels.from)
    const folds = run.config.folds.train
    const key = hashOf([ssl.labels, folds.map((fold) => jobKey(run, labeller.name, fold))])
    files.push(...folds.map((fold) => pseudoLabelFile(run, name, fold)))
    await runStage(
      run,
      options,
      { stage: `pseudo-label ${name}`, key, outputs: folds.map((fold) => pseudoLabelFile(run, name, fold)) },
      async () => {
        const features = openRunFeatures(run)
        const classes = features.classes.length
        const predicted = new Map(
          folds.map((fold) => [
            fold,
            Array.from({ length: labeller.cycles }, (_, cycle) =>
              readScores(
                predictionFile(run, labeller.name, fold, cycle + 1, 0, 'noisy'),
                { clips: features.splits.noisy.size, classes },
                `dcase2019 predict --run ${run.path} --model ${labeller.name}`,
              ),
            ),
          ]),
        )
        for (const fold of folds) {
          const used = ssl.labels.folds === 'same' ? [fold] : folds
          const mean = meanScores(used.flatMap((each) => predicted.get(each)!))
          const { kind, exponent, normalize } = ssl.labels
          const data = kind === 'hard' ? hardLabels(mean.data, classes) : softPseudoLabels(mean.data, { classes, exponent, normalize })
          writeScores(pseudoLabelFile(run, name, fold), { ...mean, data })
        }
        features.close()
        return {
          note: `${features.splits.noisy.size} noisy clips labelled by model ${labeller.name} (${ssl.labels.folds === 'same' ? 'same fold' : 'all folds'})`,
        }
      },
    )
  }
  return { labels: files }
}

/** The most probable class and every other of at least one half: no clip is left without a label. */
function hardLabels(p: Float32Array, classes: number): Float32Array {
  const best = hardPseudoLabels(p, { classes, top: 1 })
  const sure = hardPseudoLabels(p, { classes })
  return best.map((label, i) => Math.max(label, sure[i]))
}
