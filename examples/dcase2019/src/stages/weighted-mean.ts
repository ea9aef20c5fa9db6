import { WeightedAverage } from '@audiotag/ensemble'

/** Σ weight · mean over (cycle, pad, and whatever `predictions` gives) / Σ weight: a model's weight does not grow with the number of its predictions. */
export function weightedMean(
  models: readonly {
    readonly model: string
    readonly weight: number
    readonly cycles: readonly number[]
    readonly pads: readonly number[]
  }[],
  predictions: (model: string, cycle: number, pad: number) => readonly Float32Array[],
): Float32Array {
  const average = new WeightedAverage()
  for (const { model, weight, cycles, pads } of models.filter((each) => each.weight > 0))
    for (const cycle of cycles)
      for (const pad of pads) {
        const each = predictions(model, cycle, pad)
        for (const scores of each) average.add(scores, weight / (cycles.length * pads.length * each.length))
      }
  return average.result().predictions
}
