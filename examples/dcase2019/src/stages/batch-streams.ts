import type { Config, ModelSettings } from '../config/schema.js'
import type { BatchStream } from '../data/batch-maker.js'
import type { FeatureStore } from '../data/features.js'
import type { FoldRows } from '../run/job-plan.js'
import { allPlaces } from '../run/run-features.js'

/**
 * The streams of a training step: curated clips of the fold in passes, all noisy clips endlessly, and for SSL curated and pseudo-labelled
 * clips half and half (the noisy ones of the fold's training side), or all pseudo-labelled clips alone.
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
  const { batch, losses, ssl } = settings
  const augment = augmentOf(settings)
  const curated = { split: 'curated' as const, places: rows.curatedTrain }
  const streams: BatchStream[] = [
    { name: 'curated', order: 'passes', keepLast: config.training.keepLastBatch, sources: [curated], batch, augment },
  ]
  if (losses.noisy)
    streams.push({ name: 'noisy', order: 'endless', sources: [{ split: 'noisy', places: allPlaces(features, 'noisy') }], batch, augment })
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
  return streams
}

function augmentOf({ input, slice, augment }: ModelSettings): BatchStream['augment'] {
  const { variant, additionalSlicing, mixupP, frequencyMaskP } = augment
  const mixup = mixupP === undefined ? true : { p: mixupP }
  if (input === 'waveform') return { samples: slice, variant, mix: mixup }
  return { frames: slice, variant, additionalSlicing, mixup, frequencyMask: frequencyMaskP === undefined ? true : { p: frequencyMaskP } }
}
