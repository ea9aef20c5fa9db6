import type { OneOfParams, Spectrogram } from '@audiotag/augment'
import {
  compose,
  createRng,
  describe as describeTransform,
  frequencyMask,
  gainPower,
  oneOf,
  sliceFrames,
  timeMask,
} from '@audiotag/augment'
import { describe, expect, test } from 'vitest'
import { noiseSpectrogram } from './arbitraries.js'

const sample = noiseSpectrogram(16, 30, 1)

describe('compose', () => {
  test('applies the steps in order', () => {
    const [slice, mask] = [sliceFrames({ frames: 20 }), frequencyMask({ minWidthBins: 2, maxWidthBins: 5, p: 1 })]
    const chain = compose([slice, mask])
    const params = chain.draw(createRng(4), sample)!
    const [one, two] = params.steps
    expect(chain.apply(sample, params)).toEqual(mask.apply(slice.apply(sample, one as never), two as never))
  })

  test('a step is drawn for the sizes that the steps before it leave', () => {
    const chain = compose<Spectrogram>([sliceFrames({ frames: 4 }), timeMask({ p: 1 })])
    for (let i = 0; i < 50; i++) {
      const { widthFrames, startFrame } = chain.draw(createRng(i), sample)!.steps[1] as { widthFrames: number; startFrame: number }
      expect(startFrame + widthFrames).toBeLessThanOrEqual(4)
    }
  })

  test('a step added, removed or changed moves no draw of the others; two of one kind draw apart', () => {
    const steps = [gainPower({ p: 1 }), frequencyMask({ p: 1 }), frequencyMask({ p: 1 })]
    const all = compose<Spectrogram>(steps).draw(createRng(9), { bins: 128, frames: 30 })!.steps
    const fewer = compose<Spectrogram>(steps.slice(1)).draw(createRng(9), { bins: 128, frames: 30 })!.steps
    expect(fewer).toEqual(all.slice(1))
    expect(all[1]).not.toEqual(all[2])
  })

  test('no steps: a copy', () => {
    const chain = compose<Spectrogram>([])
    const copy = chain.apply(sample, chain.draw(createRng(1), sample))
    expect(copy).toEqual(sample)
    expect(copy.data).not.toBe(sample.data)
  })

  test('nests, and tells what it is on one line', () => {
    const chain = compose<Spectrogram>([
      sliceFrames({ frames: 9 }),
      oneOf<Spectrogram>([timeMask(), gainPower({ p: 1 })], { weights: [3, 1] }),
    ])
    expect(describeTransform(chain)).toBe(
      'compose(p 1, steps [sliceFrames(p 1, frames 9, lastOffset included), oneOf(p 1, weights [3, 1], transforms [timeMask(p 0.5, minWidthFrames 8, maxWidthFrames 64, fill 0), gainPower(p 1, minFactor 0.8, maxFactor 1.2)])])',
    )
    expect(chain.apply(sample, chain.draw(createRng(2), sample)).frames).toBe(9)
  })
})

describe('oneOf', () => {
  test('chooses by weight, and never one of weight 0', () => {
    const mask = oneOf<Spectrogram>([timeMask({ p: 1 }), gainPower(), frequencyMask({ p: 1 })], { weights: [3, 0, 1] })
    const rng = createRng('weights')
    const times = [0, 0, 0]
    for (let i = 0; i < 20_000; i++) times[(mask.draw(rng, sample) as OneOfParams).choice]++
    expect(times[1]).toBe(0)
    expect(Math.abs(times[0] - 15_000)).toBeLessThan(5 * Math.sqrt((20_000 * 3) / 16))
  })

  test('applies just the one that was drawn', () => {
    const choices = [gainPower({ p: 1 }), frequencyMask({ p: 1 })]
    const either = oneOf<Spectrogram>(choices)
    for (let i = 0; i < 20; i++) {
      const drawn = either.draw(createRng(i), sample)!
      expect(either.apply(sample, drawn)).toEqual(choices[drawn.choice].apply(sample, drawn.params as never))
    }
  })
})
