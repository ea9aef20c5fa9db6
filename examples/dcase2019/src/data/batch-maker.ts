import { dcase2019Logmel, dcase2019Waveform } from '@audiotag/augment'
import type {
  Dcase2019LogmelOptions,
  Dcase2019WaveformOptions,
  ExamplePipeline,
  ExampleSource,
  Rng,
  Spectrogram,
  Waveform,
} from '@audiotag/augment'

import { batchPlan } from './batch-plan.js'
import type { BatchOrder } from './batch-plan.js'
import { DataError } from './data-error.js'
import type { FeatureStore, InputKind } from './features.js'
import type { SplitName } from './layout.js'
import { standardizedDecibels } from './standardized-decibels.js'

/** Clips of one split that a stream takes from. */
export interface BatchSource {
  readonly split: SplitName
  /** Places in the feature store's split. */
  readonly places: readonly number[]
  /** `[split size, classes]`, by place, instead of the labels of the data set: pseudo labels. */
  readonly targets?: Float32Array
  /** `draws`: chance of this source, up to a factor. Default 1: two sources are drawn half and half, whatever their sizes. */
  readonly weight?: number
}

/** Where a stream's batches come from and what is done to them. Can be sent to a thread. */
export interface BatchStream {
  /** `curated`, `noisy`, `ssl`, …: part of the seed of everything random in it. */
  readonly name: string
  readonly sources: readonly BatchSource[]
  /** Default `'passes'`. */
  readonly order?: BatchOrder
  /** Examples a batch. */
  readonly batch: number
  /** `passes`: keep the smaller batch at the end of a pass, as the authors do. Default true. */
  readonly keepLast?: boolean
  /** Options of `dcase2019Logmel` or `dcase2019Waveform`, by the input of the batches. */
  readonly augment: Omit<Dcase2019LogmelOptions, 'partner'> | Omit<Dcase2019WaveformOptions, 'partner'>
  /** Partners of mixes: as the stream itself draws (default), or uniformly from all its clips, as the authors' code does. */
  readonly partner?: 'sampler' | 'uniform'
  /** `draws`: streams that give the same name here take the same clips, each augmented for itself. Default: the stream's own name. */
  readonly drawsOf?: string
}

/** Row-major, batch first. */
export interface BatchArray {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

export interface Batch {
  /** `[batch, bins, frames, 1]`: standardised decibels; or `[batch, samples]` */
  readonly input: BatchArray
  /** `[batch, classes]` */
  readonly targets: BatchArray
}

/** Makes the batch of a stream and step; the same bits wherever and whenever. */
export type BatchMaker = (stream: string, step: number) => Batch

export interface BatchMakerOptions {
  readonly seed: number | string
  readonly input: InputKind
  readonly streams: readonly BatchStream[]
}

/**
 * One thread's maker of batches: choose clips, augment, and for log-mel decibels and standardisation.
 *
 * @throws DataError `argument`; AugmentError for options of the pipeline
 */
export function createBatchMaker(store: FeatureStore, { seed, input, streams }: BatchMakerOptions): BatchMaker {
  const makers = new Map<string, (step: number) => Batch>()
  for (const stream of streams) {
    if (makers.has(stream.name)) throw new DataError('argument', `createBatches: stream '${stream.name}' is there twice.`)
    makers.set(stream.name, input === 'logmel' ? logmelMaker(store, seed, stream) : waveformMaker(store, seed, stream))
  }
  return (name, step) => {
    const make = makers.get(name)
    if (make === undefined) {
      throw new DataError(
        'argument',
        `createBatches: no stream '${name}'. There are ${[...makers.keys()].map((known) => `'${known}'`).join(', ')}.`,
      )
    }
    return make(step)
  }
}

function logmelMaker(store: FeatureStore, seed: number | string, stream: BatchStream): (step: number) => Batch {
  const options = stream.augment as Dcase2019LogmelOptions
  const { frames } = options
  const bins = store.index.features.mel?.mels ?? 0
  const source = sourceOf(store, stream, (split, place) => store.mel(split, place))
  return maker<Spectrogram>(store, seed, stream, source, (partner) => dcase2019Logmel({ ...options, ...partner }), {
    shape: [bins, frames, 1],
    write: ({ data }, target, offset) => standardizedDecibels(data, target, offset),
  })
}

function waveformMaker(store: FeatureStore, seed: number | string, stream: BatchStream): (step: number) => Batch {
  const options = stream.augment as Dcase2019WaveformOptions
  const source = sourceOf(store, stream, (split, place) => store.waveform(split, place))
  return maker<Waveform>(store, seed, stream, source, (partner) => dcase2019Waveform({ ...options, ...partner }), {
    shape: [options.samples],
    write: ({ samples }, target, offset) => target.set(samples, offset),
  })
}

interface Output<Input> {
  /** Of one example. */
  readonly shape: readonly number[]
  readonly write: (input: Input, target: Float32Array, offset: number) => void
}

function maker<Input extends Spectrogram | Waveform>(
  store: FeatureStore,
  seed: number | string,
  stream: BatchStream,
  source: ExampleSource<Input>,
  pipelineWith: (partner: { partner?: (rng: Rng) => number }) => ExamplePipeline<Input>,
  { shape, write }: Output<Input>,
): (step: number) => Batch {
  const { name, sources, order = 'passes', batch, keepLast = true, partner = 'sampler', drawsOf = name } = stream
  const plan = batchPlan({
    seed,
    name,
    drawsOf,
    order,
    batch,
    keepLast,
    sizes: sources.map(({ places }) => places.length),
    weights: sources.map(({ weight = 1 }) => weight),
  })
  const pipeline = pipelineWith(partner === 'sampler' && order === 'draws' ? { partner: plan.sample } : {})
  const values = shape.reduce((product, size) => product * size, 1)
  const classes = store.classes.length
  return (step) => {
    const examples = plan.at(step)
    const data = new Float32Array(examples.length * values)
    const targets = new Float32Array(examples.length * classes)
    examples.forEach(({ row, rng }, k) => {
      const example = pipeline.apply(source, pipeline.draw(rng, row, source))
      write(example.input, data, k * values)
      targets.set(example.labels, k * classes)
    })
    return { input: { data, shape: [examples.length, ...shape] }, targets: { data: targets, shape: [examples.length, classes] } }
  }
}

/** The clips of all sources of a stream, one after the other. */
function sourceOf<Input extends Spectrogram | Waveform>(
  store: FeatureStore,
  { name, sources }: BatchStream,
  read: (split: SplitName, place: number) => Input,
): ExampleSource<Input> {
  const classes = store.classes.length
  const rows = sources.flatMap(({ split, places, targets }) => {
    const { size, labels } = store.splits[split]
    const matrix = targets ?? labels
    if (matrix === null)
      throw new DataError('argument', `createBatches: stream '${name}' needs targets, the labels of ${split} are secret.`)
    if (matrix.length !== size * classes) {
      throw new DataError(
        'argument',
        `createBatches: targets of stream '${name}' must be [${size}, ${classes}], one row a clip of ${split}, got ${matrix.length} values.`,
      )
    }
    return Array.from(places, (place) => {
      if (!Number.isInteger(place) || place < 0 || place >= size) {
        throw new DataError('argument', `createBatches: places of stream '${name}' must be integers from 0 to ${size - 1}, got ${place}.`)
      }
      return { split, place, labels: matrix.subarray(place * classes, (place + 1) * classes) }
    })
  })
  return {
    size: rows.length,
    about: (row) => store.splits[rows[row].split].about(rows[row].place),
    get: (row) => ({ input: read(rows[row].split, rows[row].place), labels: rows[row].labels }),
  }
}
