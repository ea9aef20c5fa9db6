import { architectures, type Architecture } from './architectures.js'
import { ModelError } from './errors.js'

/** What a model is made from: JSON-safe, stored with the weights. */
export interface ModelConfig {
  readonly architecture: Architecture
  /** Number of classes, at least 1. */
  readonly classes: number
  /** Names of the fully connected heads, distinct; the first is the default one. Default `['curated']`. */
  readonly heads?: readonly string[]
  /** Multiplies channel counts and hidden sizes: max(1, floor(n · width + 0.5)). Above 0. Default 1. */
  readonly width?: number
  /** Dropout after the first and second hidden layer of a head, probabilities in [0, 1). Default `[0.2, 0.1]`. */
  readonly dropout?: readonly [number, number]
  /** What turns logits into probabilities. */
  readonly activation: 'sigmoid' | 'softmax'
}

/** A configuration with every field filled in. */
export type CompleteModelConfig = Required<ModelConfig>

const FIELDS: readonly string[] = ['architecture', 'classes', 'heads', 'width', 'dropout', 'activation']

const refuse = (rule: string, got: unknown, wayOut: string): never => {
  throw new ModelError('config', `createModel: ${rule}, got ${JSON.stringify(got) ?? String(got)}. ${wayOut}`)
}

/**
 * Checks a configuration and fills in the defaults.
 *
 * @throws {ModelError} `config`: a field that is missing, unknown or out of range.
 */
export function completeModelConfig(config: ModelConfig): CompleteModelConfig {
  if (typeof config !== 'object' || config === null)
    refuse('config must be an object', config, 'Pass { architecture, classes, activation }.')
  for (const field of Object.keys(config)) {
    if (!FIELDS.includes(field)) refuse('config has an unknown field', field, `Fields are ${FIELDS.join(', ')}.`)
  }
  const { architecture, classes, heads = ['curated'], width = 1, dropout = [0.2, 0.1], activation } = config
  if (!Object.hasOwn(architectures, architecture)) {
    refuse('architecture must be a known one', architecture, `Choose one of ${Object.keys(architectures).join(', ')}.`)
  }
  if (!Number.isSafeInteger(classes) || classes < 1)
    refuse('classes must be an integer of at least 1', classes, 'Pass the number of labels.')
  const named = Array.isArray(heads) && heads.length > 0 && heads.every((head) => typeof head === 'string' && head !== '')
  if (!named || new Set(heads).size !== heads.length) {
    refuse('heads must be distinct names, at least one', heads, "Pass for example ['curated', 'noisy'].")
  }
  if (typeof width !== 'number' || !Number.isFinite(width) || width <= 0 || width > 64) {
    refuse('width must be above 0 and at most 64', width, 'Pass 1 for the published network.')
  }
  const probabilities = Array.isArray(dropout) && dropout.length === 2 && dropout.every((p) => typeof p === 'number' && p >= 0 && p < 1)
  if (!probabilities) refuse('dropout must be two probabilities in [0, 1)', dropout, 'Pass [0, 0] for none.')
  if (activation !== 'sigmoid' && activation !== 'softmax') {
    refuse("activation must be 'sigmoid' or 'softmax'", activation, 'Several labels a clip: sigmoid.')
  }
  return Object.freeze({
    architecture,
    classes,
    heads: Object.freeze([...heads]),
    width,
    dropout: Object.freeze([dropout[0], dropout[1]] as const),
    activation,
  })
}
