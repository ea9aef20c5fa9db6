import { architectures } from '@audiotag/models'
import { UsageError } from '../cli/errors.js'
import type { Config, ModelSettings } from './schema.js'

/** How much smaller to make a config; see `parseScale`. */
export interface Scale {
  /** As given, for the folder's config.json. */
  readonly text: string
  /** Factor on the width of every network. */
  readonly width: number
  /** Factor on slices, and with them on paddings. */
  readonly slice: number
  /** Most epochs of a cycle. */
  readonly epochs: number
  /** Most folds; as many as the config trains of them, the first ones. */
  readonly folds: number
  /** Most clips of a batch. */
  readonly batch: number
}

const named: Readonly<Record<string, string>> = { toy: 'width=0.0625,slice=0.125,epochs=1,folds=2,batch=4' }

const rules = {
  width: { holds: (value: number) => value > 0 && value <= 1, says: 'above 0 and at most 1' },
  slice: { holds: (value: number) => value > 0 && value <= 1, says: 'above 0 and at most 1' },
  epochs: { holds: (value: number) => Number.isInteger(value) && value >= 1, says: 'a whole number of at least 1' },
  folds: { holds: (value: number) => Number.isInteger(value) && value >= 2, says: 'a whole number of at least 2' },
  batch: { holds: (value: number) => Number.isInteger(value) && value >= 1, says: 'a whole number of at least 1' },
}

/**
 * Reads `width=0.25,slice=0.5,epochs=2,folds=2,batch=16` (any of them; what is left out stays) or a name: `toy`.
 *
 * @throws UsageError for an unknown key or name, or a value out of range
 */
export function parseScale(text: string): Scale {
  const given = named[text] ?? text
  const scale = { width: 1, slice: 1, epochs: Infinity, folds: Infinity, batch: Infinity }
  for (const part of given.split(',')) {
    const [key, value, ...rest] = part.split('=')
    if (!Object.hasOwn(rules, key) || value === undefined || value === '' || rest.length > 0) {
      throw new UsageError(
        `--scale: expected ${Object.keys(named).join(', ')} or KEY=VALUE,… with the keys ${Object.keys(rules).join(', ')}, got '${part}'.`,
      )
    }
    const rule = rules[key as keyof typeof rules]
    const number = Number(value)
    if (!rule.holds(number)) throw new UsageError(`--scale: ${key} must be ${rule.says}, got ${value}.`)
    scale[key as keyof typeof rules] = number
  }
  return { text: given, ...scale }
}

/**
 * The same experiment, smaller: every network, cycle and member stays, so that a row of the paper runs on a laptop, through the same stages and to the
 * same number of predictions a fold. Its scores say nothing about the paper's. Slices never fall below the network's shortest input.
 */
export function scaleConfig(config: Config, scale: Scale): Config {
  const count = Math.min(config.folds.count, scale.folds)
  const train = config.folds.train.filter((fold) => fold < count)
  const padsOf = ({ pads }: ModelSettings) => scaledPads(pads, scale.slice)
  const models = config.models.map((model): ModelSettings => {
    const batch = Math.min(model.batch, scale.batch)
    return {
      ...model,
      width: model.width * scale.width,
      slice: Math.max(architectures[model.architecture].minLength, Math.round(model.slice * scale.slice)),
      batch,
      epochsPerCycle: Math.min(model.epochsPerCycle, scale.epochs),
      pads: model.pads.map(padsOf(model)),
      ssl: model.ssl && { ...model.ssl, batch: Math.min(model.ssl.batch, scale.batch) },
      consistency: model.consistency && { ...model.consistency, batch: Math.min(model.consistency.batch, scale.batch) },
    }
  })
  return {
    ...config,
    scale: scale.text,
    folds: { ...config.folds, count, train: train.length > 0 ? train : [0] },
    models,
    ensemble: {
      ...config.ensemble,
      members: config.ensemble.members.map((member) => {
        const model = config.models.find(({ name }) => name === member.model)!
        return { ...member, pads: member.pads && member.pads.map(padsOf(model)) }
      }),
    },
  }
}

/** What a padding becomes: 0 stays, the others shrink, and no two become the same, or there would be fewer predictions. */
function scaledPads(pads: readonly number[], factor: number): (pad: number) => number {
  const scaled = new Map<number, number>()
  let last = -1
  for (const pad of pads.toSorted((a, b) => a - b)) {
    if (!scaled.has(pad)) scaled.set(pad, (last = pad === 0 ? 0 : Math.max(1, last + 1, Math.round(pad * factor))))
  }
  return (pad) => scaled.get(pad)!
}
