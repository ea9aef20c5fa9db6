import { MissingError } from '../cli/errors.js'
import type { Config, ModelSettings } from '../config/schema.js'
import type { FeatureStore } from '../data/features.js'
import { ensembleVerdict } from '../report/ensemble-verdict.js'
import { networkSentence, widthText } from '../report/network-sentence.js'
import { renderReport } from '../report/render-report.js'
import type { ReportChoice, ReportData } from '../report/report-data.js'
import { readJson, writeFileWhole } from '../run/files.js'
import { openRunFeatures } from '../run/run-features.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { choiceFile, ensembleSystem } from './ensemble.js'
import type { Choice } from './ensemble.js'
import { intervalLevel } from './evaluate.js'
import type { Evaluation } from './evaluate.js'
import { reportAugmentations } from './report-augmentations.js'
import { reportClips } from './report-clips.js'
import { datasetName, reportDataset } from './report-dataset.js'
import { architectureName, reportNetworks } from './report-networks.js'
import { backendNames, readRunRecord, reportEnvironment, reportFiles, reportStages } from './report-record.js'
import { reportScores, reportSystems } from './report-scores.js'
import { reportSettings } from './report-settings.js'
import { reportTraining } from './report-training.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'

/**
 * Writes `report.html`: the run on one page.
 *
 * @throws MissingError when nothing was evaluated yet
 */
export async function reportStage(run: RunFolder, options: StageOptions): Promise<string> {
  const evaluation = readJson<Evaluation>(run.evaluation)
  const choice = readJson<Choice>(choiceFile(run))
  if (!evaluation || !choice) throw new MissingError(`no scores in ${run.path}. Run: dcase2019 evaluate --run ${run.path}`)
  const key = hashOf([run.config, evaluation, choice, readRunRecord(run).stages['evaluate']?.key])
  await runStage(run, options, { stage: 'report', key, outputs: [run.report] }, async () => {
    const features = openRunFeatures(run)
    try {
      writeFileWhole(run.report, renderReport(await reportData(run, features, choice, evaluation)))
    } finally {
      features.close()
    }
    return { note: run.report }
  })
  return run.report
}

async function reportData(run: RunFolder, features: FeatureStore, choice: Choice, evaluation: Evaluation): Promise<ReportData> {
  const { config } = run
  const systems = reportSystems(evaluation.systems, (system) => aboutSystem(config, choice, system))
  const scores = reportScores(config, choice, evaluation)
  const networks = reportNetworks(config, features.classes.length)
  const { claim } = ensembleVerdict({ systems, intervalLevel, ...scores })
  const { curated, noisy } = features.splits
  const what =
    `${config.about} Models ${config.models.map(({ name }) => name).join(', ')} trained on ${curated.size} curated and ${noisy.size} noisy clips, ` +
    `${config.folds.train.length} of ${config.folds.count} folds, on the ${backendNames(run).join(' and ') || 'unknown'} backend.`
  return {
    title: `Audio tagging with noisy labels: ${config.name} on ${datasetName(config, features)}`,
    summary: [what, networkSentence(networks), claim].join(' '),
    intervalLevel,
    systems,
    ...scores,
    notes: notesOf(run, evaluation),
    data: reportDataset(config, features),
    networks,
    runs: reportTraining(run, features),
    augmentations: reportAugmentations(run, features),
    clips: await reportClips(run, features, evaluation),
    choice: reportChoice(config, choice),
    settings: reportSettings(config, features),
    environment: reportEnvironment(run, features),
    stages: reportStages(run),
    files: reportFiles(run),
  }
}

function aboutSystem(config: Config, choice: Choice, system: string): string {
  if (system === ensembleSystem) {
    const parts = choice.models.filter(({ weight }) => weight > 0)
    const sum = parts.map(({ model, weight }) => `${weight} × ${model}`).join(' + ')
    return `weighted average ${sum}, ${choice.how === 'fixed' ? 'as configured' : 'chosen by cross-validation'}`
  }
  const settings: ModelSettings = settingsOf(config, system)
  const { input, width, losses, ssl, consistency, noisyAsCurated, initFrom } = settings
  return [
    `${input === 'logmel' ? 'log-mel' : 'waveform'} ${architectureName(settings)}, width ${widthText(width)}`,
    losses.noisy
      ? 'curated and noisy clips, a head each'
      : noisyAsCurated
        ? 'curated and noisy clips as if all were curated'
        : 'curated clips only',
    ...(ssl ? [`${ssl.labels.kind} pseudo labels by ${ssl.labels.from}`] : []),
    ...(consistency ? [consistency.kind === 'mixmatch' ? 'MixMatch on noisy clips' : 'Mean Teacher on noisy clips'] : []),
    ...(initFrom === null ? [] : [`starts from ${initFrom}`]),
  ].join('; ')
}

/** What a reader must know to read the numbers. */
function notesOf(run: RunFolder, { primarySet }: Evaluation): string[] {
  const { problems } = readRunRecord(run).stages['prepare'] ?? {}
  const { models, folds } = run.config
  const leaky = models.filter(({ ssl }) => ssl?.labels.folds === 'all').map(({ name }) => name)
  return [
    ...(primarySet === 'test' ? [] : ['The labels of the test clips are secret: scores are of cross-validation.']),
    ...(folds.train.length < folds.count ? [`Only folds ${folds.train.join(', ')} of ${folds.count} were trained.`] : []),
    ...leaky.map(
      (name) =>
        `Model ${name} learned from pseudo labels by models of all folds, which have seen its held-out clips: its cross-validation is optimistic.`,
    ),
    ...(Array.isArray(problems) ? problems.map((problem) => `Left out: ${String(problem)}`) : []),
  ]
}

function reportChoice(config: Config, { models, crossValidation }: Choice): ReportChoice | null {
  if (crossValidation === null) return null
  const { estimate, score, plain, singles } = crossValidation
  return {
    estimate,
    score,
    plain,
    models: models.map((part) => ({
      ...part,
      padUnit: settingsOf(config, part.model).input === 'logmel' ? 'frames' : 'samples',
      estimate: singles.find(({ model }) => model === part.model)?.estimate ?? null,
    })),
  }
}
