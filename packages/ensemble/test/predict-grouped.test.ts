import { padBothSides, type Spectrogram } from '@audiotag/ensemble'
import { predictGrouped, type PredictingModel } from '@audiotag/ensemble/tfjs'
import { describeBackends, expectClose, expectNoLeaks, goldenTensor } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const bins = 3
const spectrogramOf = (frames: number, name: string = `clip ${frames}`): Spectrogram => ({
  bins,
  frames,
  data: goldenTensor(name, [bins, frames], { seed: 1, center: 0.5, scale: 0.5 }),
})
const waveformOf = (length: number): Float32Array => goldenTensor(`wave ${length}`, [length], { seed: 1, center: 0, scale: 1 })

/** Mean over the valid frames of each bin; waveforms: mean and mean square over the valid samples. */
const meanModel: PredictingModel = {
  predict: (input, { lengths }) =>
    tf.tidy(() => {
      const x = input.rank === 2 ? tf.stack([input, tf.square(input)], 1) : tf.reshape(input, input.shape.slice(0, 3))
      const [batch, , width] = x.shape
      const valid = lengths ?? Array(batch).fill(width)
      const mask = tf.tensor(
        valid.flatMap((length: number) => Array.from({ length: width }, (_, i) => (i < length ? 1 / length : 0))),
        [batch, 1, width],
      )
      return tf.sum(tf.mul(x, mask), 2)
    }),
}
const padByTwo = (clip: Spectrogram): Spectrogram => padBothSides(clip, { frames: 2, fill: 0 })
const means = ({ data, frames }: Spectrogram): number[] =>
  Array.from({ length: bins }, (_, bin) => data.subarray(bin * frames, (bin + 1) * frames).reduce((sum, value) => sum + value, 0) / frames)

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test('order is restored and a clip does not depend on its group, whatever the groups', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 15 })
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 5 }), async (frames, maxGroups) => {
        const clips = frames.map((length) => spectrogramOf(length))
        const { predictions, classes } = await expectNoLeaks(() => predictGrouped(meanModel, clips, { maxGroups, maxPatience: 1 }))
        expect(classes).toBe(bins)
        expectClose(predictions, clips.flatMap(means), { absolute: 1e-5 })
      }),
      { numRuns: 25 },
    )
  })

  test('waveforms', async () => {
    const clips = [7, 3, 5, 3].map(waveformOf)
    const { predictions } = await expectNoLeaks(() => predictGrouped(meanModel, clips, { maxGroups: 1, maxPatience: 1 }))
    const expected = clips.flatMap((clip) =>
      [clip, clip.map((x) => x * x)].map((values) => values.reduce((a, b) => a + b, 0) / clip.length),
    )
    expectClose(predictions, expected, { absolute: 1e-5 })
  })

  test('prepare: padded and standardised clip by clip, lengths told after it', async () => {
    const clips = [4, 6, 9].map((frames) => spectrogramOf(frames))
    const seen: number[][] = []
    const spy: PredictingModel = {
      predict: (input, options) => {
        seen.push([...(input.shape as number[]), ...(options.lengths ?? [])])
        return meanModel.predict(input, options)
      },
    }
    const { predictions } = await predictGrouped(spy, clips, { prepare: padByTwo, maxGroups: 1, maxPatience: 1 })
    expect(seen).toEqual([[3, bins, 13, 1, 8, 10, 13]])
    const expected = clips.flatMap((clip) => means(clip).map((mean) => (mean * clip.frames) / (clip.frames + 4)))
    expectClose(predictions, expected, { absolute: 1e-5 })
  })

  test('group padding of the authors: right of a spectrogram, around a waveform, counted', async () => {
    const seen: number[] = []
    const both = { groupPadding: 'referenceCode', maxGroups: 1, maxPatience: 1 } as const
    const prepare = (clip: Spectrogram): Spectrogram => {
      seen.push(clip.frames)
      return clip
    }
    const short = spectrogramOf(4)
    const { predictions } = await expectNoLeaks(() => predictGrouped(meanModel, [short, spectrogramOf(8)], { ...both, prepare }))
    expect(seen).toEqual([8, 8])
    expectClose(
      predictions.subarray(0, bins),
      means(short).map((mean) => mean / 2),
      { absolute: 1e-5 },
    )

    const echo: PredictingModel = { predict: (input) => tf.clone(input) }
    const centred = await predictGrouped(echo, [Float32Array.of(1, 2), Float32Array.of(1, 2, 3, 4, 5)], both)
    expect([...centred.predictions.subarray(0, 5)]).toEqual([0, 1, 2, 0, 0])
  })

  test('head, progress, and stopping between groups', async () => {
    const heads: (string | undefined)[] = []
    const progress: number[] = []
    const stop = new AbortController()
    const model: PredictingModel = {
      predict: (input, options) => {
        heads.push(options.head)
        return meanModel.predict(input, options)
      },
    }
    const clips = [5, 1, 3, 1].map((frames) => spectrogramOf(frames))
    const onProgress = ({ clipsDone }: { clipsDone: number }): void => {
      progress.push(clipsDone)
      if (clipsDone === 3) stop.abort(new Error('enough'))
    }
    await expectNoLeaks(() =>
      expect(predictGrouped(model, clips, { head: 'noisy', onProgress, signal: stop.signal })).rejects.toThrow('enough'),
    )
    expect(heads).toEqual(['noisy', 'noisy'])
    expect(progress).toEqual([2, 3])
  })

  test('a model that fails leaks nothing and its error comes through', async () => {
    const failing: PredictingModel = {
      predict: () => {
        throw new Error('too short')
      },
    }
    await expectNoLeaks(() => expect(predictGrouped(failing, [spectrogramOf(3)])).rejects.toThrow('too short'))
    const nan: PredictingModel = { predict: (input) => tf.tidy(() => tf.mul(tf.ones([input.shape[0], 2]), Number.NaN)) }
    await expectNoLeaks(() => expect(predictGrouped(nan, [spectrogramOf(3)])).rejects.toMatchObject({ code: 'ENSEMBLE_NOT_FINITE' }))
    const flat: PredictingModel = { predict: (input) => tf.ones([input.shape[0]]) }
    await expectNoLeaks(() => expect(predictGrouped(flat, [spectrogramOf(3)])).rejects.toMatchObject({ code: 'ENSEMBLE_SHAPE' }))
  })

  test('clips are not changed', async () => {
    const clips = [waveformOf(4), waveformOf(6)]
    const before = clips.map((clip) => clip.slice())
    await predictGrouped(meanModel, clips, { maxGroups: 1, maxPatience: 1 })
    expect(clips).toEqual(before)
  })
})
