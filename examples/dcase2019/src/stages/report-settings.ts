import { paperModel } from '../config/paper-models.js'
import type { Config, ModelSettings } from '../config/schema.js'
import type { FeatureStore } from '../data/features.js'
import type { ReportSetting, ReportSettingGroup } from '../report/report-data.js'
import { settingsOf } from '../run/run-folder.js'

/** Every setting of the config and the features, with the paper's value where it differs. */
export function reportSettings(config: Config, { index }: FeatureStore): ReportSettingGroup[] {
  const { models, folds, training, ensemble, name, about, preset, seed, data, dropBadClips } = config
  const paperFolds = { count: 5, train: [0, 1, 2, 3, 4] }
  return [
    { title: 'Experiment', settings: listed({ name, about, preset, seed, data, dropBadClips }) },
    { title: 'Folds', settings: compared(listed(folds), paperFolds) },
    { title: 'Features', settings: listed(index.features) },
    ...models.map((settings) => ({
      title: `Model ${settings.name}, the paper's #${settings.paper.replace(/_0$/u, '’s pretraining')}`,
      settings: modelSettings(config, settings),
    })),
    { title: 'Training', settings: listed(training) },
    { title: 'Ensemble', settings: listed(ensemble) },
  ]
}

function modelSettings(config: Config, settings: ModelSettings): ReportSetting[] {
  const { name: _, paper, ...own } = settings
  const nameOf = (model: string | null) => (model === null ? null : settingsOf(config, model).paper)
  // A model that is named otherwise here is no difference.
  const inPaperNames = {
    ...own,
    initFrom: nameOf(own.initFrom),
    ssl: own.ssl && { ...own.ssl, labels: { ...own.ssl.labels, from: nameOf(own.ssl.labels.from) } },
  }
  const notes = new Map(compared(listed(inPaperNames), paperModel(paper, config.preset)).map((setting) => [setting.name, setting.note]))
  return listed(own).map((setting) => withNote(setting, notes.get(setting.name)))
}

/** Values by dotted path; lists and null are values. */
function listed(value: object, path = ''): ReportSetting[] {
  return Object.entries(value).flatMap(([key, entry]: [string, unknown]) =>
    isRecord(entry) ? listed(entry, `${path}${key}.`) : [{ name: `${path}${key}`, value: entry }],
  )
}

/** Says where the paper has something else; `paper` may lack what it does not have. */
function compared(settings: readonly ReportSetting[], paper: object): ReportSetting[] {
  return settings.map((setting) => {
    const path = setting.name.split('.')
    // A part that the paper does not have at all (null or absent) is one difference, not one a setting.
    const [parent] = path
    const whole = (paper as Record<string, unknown>)[parent]
    if (whole === undefined) return setting
    const value = path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), paper)
    if (JSON.stringify(value) === JSON.stringify(setting.value)) return setting
    return withNote(
      setting,
      value === undefined ? 'the paper: none' : `the paper: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
  })
}

const withNote = (setting: ReportSetting, note: string | undefined): ReportSetting => (note === undefined ? setting : { ...setting, note })

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
