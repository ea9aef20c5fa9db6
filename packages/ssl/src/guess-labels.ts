import * as tf from '@tensorflow/tfjs-core'
import { averagePredictions } from './average-predictions.js'
import { SslError } from './errors.js'
import { mixMatchSharpen, type MixMatchSharpenOptions } from './mix-match-sharpen.js'

/**
 * MixMatch's label guess: the mean prediction over several augmentations of the same clips, sharpened.
 *
 * @param views K augmentations of the same clips, batch first; they stay the caller's
 * @param predict probabilities `[batch, classes]` of a view, e.g. `(view) => model.predict(view)`; its tensors are freed here
 * @param options `temperature` default 0.5, `activation` default `'sigmoid'`
 * @returns targets `[batch, classes]` row-major; constants by construction
 * @throws SslError `'shape'`, `'option'`, `'probability'`
 *
 * Berthelot et al. 2019, equations 6 and 7.
 */
export async function guessLabels<View>(
  views: readonly View[],
  predict: (view: View) => tf.Tensor,
  options: Omit<MixMatchSharpenOptions, 'classes'> = {},
): Promise<Float32Array> {
  if (views.length === 0) throw new SslError('shape', 'guessLabels: at least one view of the clips is needed, got none. MixMatch takes 2.')
  const predictions: Float32Array[] = []
  let classes = 0
  for (const view of views) {
    const p = tf.tidy(() => predict(view))
    try {
      if (p.rank !== 2) throw new SslError('shape', `guessLabels: predict must give [batch, classes], got [${p.shape.join(', ')}].`)
      classes = p.shape[1] ?? 0
      predictions.push((await p.data<'float32'>()).slice())
    } finally {
      p.dispose()
    }
  }
  return mixMatchSharpen(averagePredictions(predictions), { ...options, classes })
}
