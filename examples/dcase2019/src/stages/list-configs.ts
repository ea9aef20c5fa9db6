import { existsSync } from 'node:fs'
import { configNames, loadConfig } from '../config/load-config.js'
import { presetNames } from '../config/schema.js'
import type { PresetName } from '../config/schema.js'
import { tableConfigs } from '../config/table-configs.js'
import type { PaperRow } from '../config/table-configs.js'
import { averagedPredictions } from '../run/job-plan.js'

/** A config that comes with the program. */
export interface ListedConfig {
  readonly name: string
  readonly about: string
  /** Preset without `--preset`, and those that it takes. */
  readonly preset: PresetName
  readonly presets: readonly PresetName[]
  /** Networks that are trained, in order; pretraining and labellers included. */
  readonly models: readonly string[]
  readonly folds: number
  /** Predictions of a test clip that the ensemble may average: folds × snapshots × paddings. */
  readonly predictions: number
  /** Row of the report, and its cross-validation lwlrap where it is known. */
  readonly paper: PaperRow | null
  /** Whether the sounds come along; else `--data`. */
  readonly bringsData: boolean
}

/** Every config by name, in the order of `configNames`. */
export function listConfigs(): ListedConfig[] {
  return configNames().map((name) => {
    const config = loadConfig(name)
    const { about, preset, models, folds, data } = config
    return {
      name,
      about,
      preset,
      presets: presetNames,
      models: models.map((model) => model.name),
      folds: folds.train.length,
      predictions: averagedPredictions(config),
      paper: tableConfigs.get(name)?.paper ?? null,
      bringsData: data !== null && existsSync(data),
    }
  })
}

/** The list to read. */
export function configTable(list: readonly ListedConfig[]): string {
  const width = Math.max(...list.map(({ name }) => name.length))
  return list
    .map(({ name, about, predictions, paper, bringsData }) => {
      const score = paper?.score ? ` Report: ${paper.score.toFixed(3)}.` : ''
      return `${name.padEnd(width)}  ${about}${score} ${predictions} predictions.${bringsData ? ' Brings its sounds.' : ''}`
    })
    .join('\n')
}
