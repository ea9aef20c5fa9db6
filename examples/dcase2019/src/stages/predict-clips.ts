import { padBothSides, submission1 } from '@audiotag/ensemble'
import { predictGrouped } from '@audiotag/ensemble/tfjs'
import { powerToDb, standardize } from '@audiotag/melspec'
import type { Spectrogram } from '@audiotag/melspec'
import type { TaggingModel } from '@audiotag/models'
import type { FeatureStore } from '../data/features.js'
import type { ModelSettings } from '../config/schema.js'
import type { ScoreMatrix } from '../run/scores.js'

/** Masked groups may be of any make-up: length × clips in one batch, a few hundred MB of activations at full width. */
const batchLength = { logmel: 16_384, waveform: 1_600_000 }

/** Most frames or samples that are predicted at once, a single longer clip apart. @param hop frames are made every so many samples */
export function longestBatch({ groupPadding, input }: Pick<ModelSettings, 'groupPadding' | 'input'>, hop: number): number {
  // The authors group spectrograms by samples too.
  return groupPadding === 'masked' ? batchLength[input] : Math.floor(20_000_000 / (input === 'logmel' ? hop : 1))
}

/**
 * Probabilities of clips at full length, by the curated head.
 *
 * Log-mel: power → dB → padding → standardise, in this order (report §7). Waveform: zeros on both sides, at least the network's minimum.
 *
 * @param places rows of the split, in the order of the result
 * @param pad frames or samples on each side
 */
export async function predictClips(
  model: TaggingModel,
  settings: ModelSettings,
  features: FeatureStore,
  split: 'curated' | 'noisy' | 'test',
  places: readonly number[],
  pad: number,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (clips: number) => void } = {},
): Promise<ScoreMatrix> {
  const masked = settings.groupPadding === 'masked'
  // The authors group spectrograms by samples too.
  const hop = settings.input === 'logmel' ? (features.index.features.mel?.hopSamples ?? 1) : 1
  const grouping = masked
    ? { minPatience: 0.2, maxClips: 64, maxTotalLength: longestBatch(settings, hop) }
    : {
        maxGroups: submission1().maxGroups(places.length),
        extraLength: Math.ceil(64_000 / hop),
        maxTotalLength: longestBatch(settings, hop),
      }
  const common = {
    ...grouping,
    head: 'curated',
    groupPadding: masked ? ('masked' as const) : ('referenceCode' as const),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: ({ clipsDone }: { clipsDone: number }) => options.onProgress!(clipsDone) } : {}),
  }
  // The authors pad to 20,580; ten samples fewer are enough.
  const minSamples = settings.augment.variant === 'referenceCode' ? 20_580 : model.minLength
  const result =
    settings.input === 'logmel'
      ? await predictGrouped(
          model,
          places.map((place) => features.mel(split, place)),
          {
            ...common,
            prepare: (power: Spectrogram) =>
              padBothSides(powerToDb(power), { frames: pad, minFrames: model.minLength, fill: settings.augment.variant, standardize }),
          },
        )
      : await predictGrouped(
          model,
          places.map((place) => features.waveform(split, place).samples),
          {
            ...common,
            prepare: (samples: Float32Array) => padBothSides(samples, { samples: pad, minSamples }),
          },
        )
  return { data: result.predictions, clips: places.length, classes: result.classes }
}
