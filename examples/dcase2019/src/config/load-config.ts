import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { UsageError } from '../cli/errors.js'
import { nearest } from '../cli/nearest.js'
import { submission1, submission2 } from '@audiotag/ensemble'
import { paperModel, paperModelNames } from './paper-models.js'
import { configSchema, presetNames } from './schema.js'
import { tableConfigs } from './table-configs.js'
import type { Config, ModelSettings, PresetName } from './schema.js'

/** Folder of this program: configs and the sounds it ships lie in it. */
export const programFolder: string = fileURLToPath(new URL('../..', import.meta.url))

const defaults = {
  seed: 42,
  data: null,
  folds: { count: 5, seed: 42, train: [0, 1, 2, 3, 4] },
  training: { checkpointEpochs: 4, validateEpochs: 4, keepLastBatch: true },
}

/** Names of the configs that come with the program: files of configs/, then the rows of the report's tables. */
export function configNames(): string[] {
  const files = readdirSync(resolve(programFolder, 'configs'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .toSorted()
  return [...files, ...tableConfigs.keys()]
}

/**
 * Reads a config by name (`demo`) or path (`./mine.json`) and resolves every setting.
 *
 * In the file a model names the paper's model it stands for (`"paper": "1"`) and overrides what differs from it; everything else has a default.
 *
 * @param preset overrides the file's
 * @throws UsageError for an unknown name, a file that is no JSON, or a setting out of range, with the setting's path
 */
export function loadConfig(nameOrPath: string, preset?: PresetName): Config {
  const isPath = nameOrPath.includes('/') || nameOrPath.includes('\\') || extname(nameOrPath) === '.json'
  if (!isPath && !configNames().includes(nameOrPath))
    throw new UsageError(
      `unknown config '${nameOrPath}'${nearest(nameOrPath, configNames())}. Configs: ${configNames().join(', ')}, or a path to a .json file.`,
    )
  const row = isPath ? undefined : tableConfigs.get(nameOrPath)
  if (row) return resolveConfig(row.json, nameOrPath, preset)
  const path = isPath ? resolve(nameOrPath) : resolve(programFolder, 'configs', `${nameOrPath}.json`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UsageError(`cannot read the config ${path}: ${(cause as Error).message}`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}`)
  }
  return resolveConfig(json, path, preset)
}

/** Fills in defaults and the paper's models, and checks everything; `source` names the origin in errors. */
export function resolveConfig(json: unknown, source: string, preset?: PresetName): Config {
  if (!isRecord(json)) throw new UsageError(`${source}: a config must be a JSON object`)
  const chosen = preset ?? json['preset'] ?? 'default'
  if (!presetNames.includes(chosen as PresetName))
    throw new UsageError(`${source}: preset must be one of ${presetNames.join(', ')}, got ${JSON.stringify(chosen)}`)
  const entries = json['models']
  if (!Array.isArray(entries)) throw new UsageError(`${source}: models must be an array`)
  const models = entries.flatMap((entry: unknown, i) => {
    const paper = isRecord(entry) ? entry['paper'] : undefined
    if (typeof paper !== 'string' || !paperModelNames.includes(paper))
      throw new UsageError(`${source}: models[${i}].paper must be one of ${paperModelNames.join(', ')}, got ${JSON.stringify(paper)}`)
    return withPretraining(merge(paperModel(paper, chosen as PresetName), entry) as ModelSettings, entries, chosen as PresetName)
  })
  const unique = models.filter(
    ({ name }, i) =>
      models.findIndex((model) => model.name === name) === i || entries.some((entry: unknown) => isRecord(entry) && entry['name'] === name),
  )
  const ensemble =
    isRecord(json['ensemble']) && 'submission' in json['ensemble']
      ? submissionMembers(json['ensemble'], chosen as PresetName, unique, source)
      : { ensemble: withLastCycles(json['ensemble'], unique) }
  const parsed = configSchema.safeParse({
    dropBadClips: chosen === 'default',
    ...(merge(defaults, json) as object),
    preset: chosen,
    models: unique,
    ...ensemble,
  })
  if (!parsed.success) throw new UsageError(`${source} is not a valid config:\n${z.prettifyError(parsed.error)}`)
  checkReferences(parsed.data, source)
  const { data } = parsed.data
  return { ...parsed.data, data: data === null || isAbsolute(data) ? data : resolve(programFolder, data) }
}

/** A model and, before it, the paper's pretraining stage that its preset starts from, unless the file lists that itself. */
function withPretraining(model: ModelSettings, entries: readonly unknown[], preset: PresetName): ModelSettings[] {
  const { initFrom } = model
  const listed = entries.some((entry) => isRecord(entry) && (entry['name'] ?? entry['paper']) === initFrom)
  if (initFrom === null || listed || !paperModelNames.includes(initFrom)) return [model]
  return [...withPretraining(paperModel(initFrom, preset), entries, preset), model]
}

/** `"cycles": "last"` of a member: the last cycle of its model. */
function withLastCycles(ensemble: unknown, models: readonly ModelSettings[]): unknown {
  if (!isRecord(ensemble) || !Array.isArray(ensemble['members'])) return ensemble
  const members = ensemble['members'].map((member: unknown) => {
    if (!isRecord(member) || member['cycles'] !== 'last') return member
    return { ...member, cycles: [models.find(({ name }) => name === member['model'])?.cycles ?? 1] }
  })
  return { ...ensemble, members }
}

/**
 * `{ "submission": 1 }` or 2: the paper's cycles, paddings and weights, of all six models or of those in `models`. Sets the models' paddings to those used.
 *
 * `"pads": "table2"` takes, in the preset `paper`, the paddings of the report's Table 2, which differ from its §7.
 */
function submissionMembers(
  given: Record<string, unknown>,
  preset: PresetName,
  models: ModelSettings[],
  source: string,
): { ensemble: Config['ensemble'] } {
  const { submission: number, models: names, pads: padSource = null, ...others } = given
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new UsageError(`${source}: ensemble.submission goes with models and pads, got '${unknown}'`)
  if (names !== undefined && !(Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')))
    throw new UsageError(`${source}: ensemble.models must be names of models, got ${JSON.stringify(names)}`)
  if (padSource !== null && padSource !== 'table2')
    throw new UsageError(`${source}: ensemble.pads must be 'table2' beside a submission, got ${JSON.stringify(padSource)}`)
  if (number !== 1 && number !== 2) throw new UsageError(`${source}: ensemble.submission must be 1 or 2, got ${JSON.stringify(number)}`)
  const { models: all } = (number === 1 ? submission1 : submission2)(preset)
  const parts = names === undefined ? all : all.filter(({ model }) => names.includes(String(model)))
  if (names !== undefined && parts.length !== names.length)
    throw new UsageError(`${source}: ensemble.models must be of 1 to 6, each once, got ${JSON.stringify(names)}`)
  const members = parts.map(({ model, input, weight, cycles, pads: ofSection7 }) => {
    const pads = padSource === 'table2' && preset === 'paper' && ofSection7.length > 1 ? table2Pads[input] : ofSection7
    const settings = models.find(({ name }) => name === String(model))
    if (!settings) throw new UsageError(`${source}: ensemble.submission needs a model named '${model}'`)
    settings.pads = [...pads]
    // Final models learn from the labels of every fold; nothing is chosen by their cross-validation.
    if (settings.ssl) settings.ssl.labels.folds = 'all'
    // The authors' #6 is two programs of five cycles; the paper counts through. The cycle before #4 is not counted.
    const before = settings.initFrom === '6_0' ? (models.find(({ name }) => name === '6_0')?.cycles ?? 0) : 0
    return { model: settings.name, weight, cycles: cycles.map((cycle) => cycle - before), pads: [...pads] }
  })
  return { ensemble: { choose: 'fixed', members } }
}

/** Of rows with two paddings. */
const table2Pads = { logmel: [8, 32], waveform: [8000, 32_000] } as const

function checkReferences(config: Config, source: string): void {
  const fail = (rule: string): never => {
    throw new UsageError(`${source}: ${rule}`)
  }
  const seen = new Set<string>()
  for (const model of config.models) {
    const earlier = (name: string, field: string) => {
      if (!seen.has(name))
        fail(`model ${model.name}: ${field} must name a model listed before it (${[...seen].join(', ') || 'none'}), got '${name}'`)
    }
    if (seen.has(model.name)) fail(`two models are named '${model.name}'`)
    if (model.initFrom !== null) earlier(model.initFrom, 'initFrom')
    if (model.ssl) earlier(model.ssl.labels.from, 'ssl.labels.from')
    seen.add(model.name)
  }
  for (const fold of config.folds.train)
    if (fold >= config.folds.count) fail(`folds.train must be below folds.count (${config.folds.count}), got ${fold}`)
  for (const member of config.ensemble.members) {
    const model = config.models.find(({ name }) => name === member.model)
    if (!model) return fail(`ensemble.members names '${member.model}', which is no model`)
    for (const cycle of member.cycles ?? [])
      if (cycle > model.cycles) fail(`ensemble: model ${model.name} has ${model.cycles} cycles, got cycle ${cycle}`)
    for (const pad of member.pads ?? [])
      if (!model.pads.includes(pad)) fail(`ensemble: model ${model.name} predicts with pads ${model.pads.join(', ')}, got ${pad}`)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects merge key by key; arrays and everything else of `change` replace. */
function merge(base: unknown, change: unknown): unknown {
  if (!isRecord(base) || !isRecord(change)) return change
  // Another kind of optimiser has other settings.
  if ('kind' in change && change['kind'] !== base['kind']) return change
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(change)) merged[key] = key in base ? merge(base[key], value) : value
  return merged
}
