import type { Config, ModelSettings } from '../config/schema.js'
import type { BatchStream } from '../data/batch-maker.js'
import type { FeatureStore } from '../data/features.js'
import type { FoldRows } from '../run/job-plan.js'
import { allPlaces } from '../run/run-features.js'

/**
 * The streams of a training step: curated clips of the fold in passes, all noisy clips endlessly, and for SSL curated and pseudo-labelled
 * clips half and half (the noisy ones of the fold's training side), or all pseudo-labelled clips alone. For a consistency method two views of the noisy ones.
 *
 * Curated and noisy clips are never mixed with each other, except in the SSL stream (report §6.3, authors' `train_model2.py`).
 *
 * @param pseudo soft labels of the noisy clips `[noisy, classes]`, for a model with an SSL stream
 */
export function batchStreams(
  config: Config,
  settings: ModelSettings,
  rows: FoldRows,
  pseudo: Float32Array | null,
  features: FeatureStore,
): BatchStream[] {
  const { batch, losses, ssl, consistency } = settings
  const augment = augmentOf(settings)
  const curated = { split: 'curated' as const, places: rows.curatedTrain }
  const noisy = { split: 'noisy' as const, places: allPlaces(features, 'noisy') }
  const labelled = settings.noisyAsCurated ? [curated, noisy] : [curated]
  const streams: BatchStream[] = [
    { name: 'curated', order: 'passes', keepLast: config.training.keepLastBatch, sources: labelled, batch, augment },
  ]
  if (losses.noisy) streams.push({ name: 'noisy', order: 'endless', sources: [noisy], batch, augment })
  if (ssl && pseudo) {
    const places = ssl.set === 'noisy' ? allPlaces(features, 'noisy') : rows.noisySsl
    const labelled = { split: 'noisy' as const, places, targets: pseudo }
    streams.push({
      name: 'ssl',
      order: 'draws',
      sources: ssl.set === 'noisy' ? [labelled] : [curated, labelled],
      batch: ssl.batch,
      augment,
      partner: ssl.partner,
    })
  }
  if (consistency) {
    // Two views of the same clips, each cut and masked for itself; a mix of clips would be no view of either.
    const sources = [{ split: 'noisy' as const, places: rows.noisySsl }]
    const views = { order: 'draws' as const, sources, batch: consistency.batch, augment: withoutMix(augment), drawsOf: 'views' }
    for (const name of viewNames) streams.push({ ...views, name })
  }
  return streams
}

/** Streams of the two views of unlabelled clips that a consistency method compares. */
export const viewNames: readonly ['view1', 'view2'] = ['view1', 'view2']

const withoutMix = (augment: BatchStream['augment']): BatchStream['augment'] =>
  'samples' in augment ? { ...augment, mix: false } : { ...augment, mixup: false }

function augmentOf({ input, slice, augment }: ModelSettings): BatchStream['augment'] {
  const { variant, additionalSlicing, mixupP, gainP, frequencyMaskP, slips } = augment
  const slip = <T extends object>(name: (typeof slips)[number], options: T) => (slips.includes(name) ? options : {})
  if (input === 'waveform') {
    return { samples: slice, variant, mix: chance(mixupP, slip('self-mix', { selfMixBug: true })), gain: chance(gainP) }
  }
  return {
    frames: slice,
    variant,
    additionalSlicing: additionalSlicing && chance(undefined, slip('mel-axis-slice', { axisBug: true })),
    mixup: chance(mixupP),
    gain: chance(gainP),
    frequencyMask: chance(frequencyMaskP, slip('half-width-mask', { semantics: 'half-width', minWidthBins: 8, maxWidthBins: 31 } as const)),
  }
}

/** The variant's own step, or with another chance or other options. */
const chance = (p: number | undefined, options: object = {}): true | object =>
  p === undefined && Object.keys(options).length === 0 ? true : { ...options, ...(p === undefined ? {} : { p }) }
