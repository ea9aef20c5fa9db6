import { SslError } from './errors.js'

/**
 * Mean of predictions of the same clips by several models, element by element, summed in float64.
 *
 * @param predictions one array a model, fold × snapshot, each `[clips, classes]` row-major; at least one, all of one length
 * @returns `[clips, classes]`
 * @throws SslError `'shape'`
 *
 * Paper §5.2: the labels of a noisy clip are the mean of all folds and all cycle snapshots of model #1.
 */
export function averagePredictions(predictions: readonly Float32Array[]): Float32Array {
  if (predictions.length === 0) throw new SslError('shape', 'averagePredictions: a mean needs at least one prediction, got none.')
  const [{ length }] = predictions
  const other = predictions.findIndex((p) => p.length !== length)
  if (other >= 0) {
    throw new SslError(
      'shape',
      `averagePredictions: all predictions must be of the same clips and classes: the first has ${length} numbers, number ${other + 1} has ${predictions[other].length}.`,
    )
  }
  const mean = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    let sum = 0
    for (const p of predictions) sum += p[i]
    mean[i] = sum / predictions.length
  }
  return mean
}
