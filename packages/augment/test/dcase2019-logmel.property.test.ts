import type { Dcase2019LogmelOptions, LogmelClipDraw, LogmelDraw, Rng, Spectrogram, Variant } from '@audiotag/augment'
import { createRng, dcase2019Logmel, pipelineFromJSON, referenceCode, sliceFrames } from '@audiotag/augment'
import type { ExamplePipeline } from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bits, noiseSpectrogram, seed, sourceOf, throughJson } from './arbitraries.js'

const bins = 48
const lengths = [3, 20, 39, 40, 41, 64, 150]
const source = sourceOf(lengths.map((frames, i) => noiseSpectrogram(bins, frames, i)))
const frames = 40
const variants: Variant[] = ['default', 'paper', 'referenceCode']
const index = fc.nat(lengths.length - 1)
const everything = { additionalSlicing: true, timeMask: true, timeWarp: true } as const

/** The example that a draw stands for, worked out value by value; no time warp. */
function expectedData(draw: LogmelDraw): Float32Array {
  const parts: [number, LogmelClipDraw][] =
    draw.mixup === null
      ? [[1, draw]]
      : [
          [draw.mixup.lambda, draw],
          [1 - draw.mixup.lambda, draw.mixup.partner],
        ]
  return Float32Array.from({ length: bins * frames }, (_, i) => {
    const [bin, frame] = [Math.floor(i / frames), i % frames]
    const { frequencyMask: rows, timeMask: columns } = draw
    if (rows !== null && bin >= rows.startBin && bin < rows.startBin + rows.widthBins) return 0
    if (columns !== null && frame >= columns.startFrame && frame < columns.startFrame + columns.widthFrames) return 0
    let sum = 0
    for (const [weight, { index, slice, keptBins, gain }] of parts) {
      const clip = source.get(index).input
      const at = frame - slice.offsetFrame
      const blank = keptBins !== null && (bin < keptBins.startBin || bin >= keptBins.endBin)
      if (at >= 0 && at < slice.keptFrames && !blank)
        sum += weight * gain * draw.gainAfter * clip.data[bin * clip.frames + slice.startFrame + at]
    }
    return sum
  })
}

describe.each(variants)('dcase2019Logmel, %s', (variant) => {
  test('equals the draw worked out value by value, labels included, and touches no clip', () => {
    const pipeline = dcase2019Logmel({ frames, variant, additionalSlicing: true, timeMask: true })
    const before = lengths.map((_, i) => source.get(i).input.data.slice())
    fc.assert(
      fc.property(index, seed, (clip, drawn) => {
        const draw = pipeline.draw(createRng(drawn), clip, source)
        const { input, labels } = pipeline.apply(source, draw)
        expect([input.bins, input.frames]).toEqual([bins, frames])
        const expected = expectedData(draw)
        let worst = 0
        expected.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - input.data[i]))))
        expect(worst).toBeLessThan(3e-7) // float32 rounds twice on the way
        const { lambda, partner } = draw.mixup ?? { lambda: 1, partner: draw }
        const [one, two] = [source.get(clip).labels, source.get(partner.index).labels]
        expect(labels).toEqual(one.map((value, c) => lambda * value + (1 - lambda) * two[c]))
      }),
      { numRuns: 60 },
    )
    expect(lengths.map((_, i) => source.get(i).input.data)).toEqual(before)
  })

  test('draw → JSON → apply gives the same bits, with every part on', () => {
    const pipeline = dcase2019Logmel({ frames, variant, ...everything })
    const copy = pipelineFromJSON<ExamplePipeline<Spectrogram, LogmelDraw>>(throughJson(pipeline.toJSON()))
    fc.assert(
      fc.property(index, seed, (clip, drawn) => {
        const draw = pipeline.draw(createRng(drawn), clip, source)
        expect(throughJson(draw)).toEqual(draw)
        const example = pipeline.apply(source, draw)
        expect(bits(pipeline.apply(source, throughJson(draw)))).toBe(bits(example))
        expect(copy.draw(createRng(drawn), clip, source)).toEqual(draw)
        expect(bits(copy.apply(source, draw))).toBe(bits(example))
        expect(example.input.data.every(Number.isFinite)).toBe(true)
        const row = new Float32Array(2 * bins * frames).fill(9).subarray(bins * frames)
        const placed = pipeline.apply(source, draw, row)
        expect(bits(placed)).toBe(bits(example))
        expect(placed.input.data).toBe(row)
      }),
      { numRuns: 40 },
    )
    expect(copy.toJSON()).toEqual(pipeline.toJSON())
  })

  test('a part switched off, or another p, moves no draw of the others', () => {
    const full = dcase2019Logmel({ frames, variant, ...everything, mixup: { p: 1 } })
    const parts: [keyof LogmelDraw, Partial<Dcase2019LogmelOptions>][] = [
      ['frequencyMask', { frequencyMask: false }],
      ['timeMask', { timeMask: false }],
      ['timeWarp', { timeWarp: { p: 0 } }],
      ['mixup', { mixup: false }],
    ]
    for (const [field, options] of parts) {
      const less = dcase2019Logmel({ frames, variant, ...everything, mixup: { p: 1 }, ...options })
      for (let i = 0; i < 20; i++) {
        const [a, b] = [full, less].map((pipeline) => pipeline.draw(createRng(i), i % lengths.length, source))
        expect(b).toEqual({ ...a, [field]: null })
      }
    }
  })

  test('keyed streams: the order of examples changes nothing; one stream drawn twice gives two examples', () => {
    const pipeline = dcase2019Logmel({ frames, variant })
    const root = createRng('run').fork('epoch-0')
    const draws = (order: number[]): Map<number, LogmelDraw> =>
      new Map(order.map((clip) => [clip, pipeline.draw(root.fork(clip), clip, source)]))
    const [forward, backward] = [draws([0, 1, 2, 3, 4, 5, 6]), draws([6, 5, 4, 3, 2, 1, 0])]
    for (let clip = 0; clip < lengths.length; clip++) expect(forward.get(clip)).toEqual(backward.get(clip))
    const rng = createRng(1)
    expect(pipeline.draw(rng, 6, source)).not.toEqual(pipeline.draw(rng, 6, source))
  })

  test('any Rng will do', () => {
    let state = 1
    const plain: Rng = () => (state = (state * 16807) % 2147483647) / 2147483647
    expect(dcase2019Logmel({ frames, variant }).draw(plain, 0, source).index).toBe(0)
  })
})

test('everything off: a slice, as sliceFrames makes it', () => {
  const pipeline = dcase2019Logmel({ frames, mixup: false, gain: false, frequencyMask: false })
  for (let clip = 0; clip < lengths.length; clip++) {
    const draw = pipeline.draw(createRng(clip), clip, source)
    expect(draw).toEqual({
      index: clip,
      slice: draw.slice,
      keptBins: null,
      gain: 1,
      mixup: null,
      gainAfter: 1,
      timeWarp: null,
      frequencyMask: null,
      timeMask: null,
    })
    const example = pipeline.apply(source, draw)
    expect(example.input).toEqual(sliceFrames({ frames }).apply(source.get(clip).input, draw.slice))
    expect(example.labels).toEqual(source.get(clip).labels)
    expect(example.labels).not.toBe(source.get(clip).labels)
  }
})

test('additional slicing: at least 25 % of the clip or the slice sounds, whichever is shorter', () => {
  for (const variant of ['default', 'paper'] as const) {
    const pipeline = dcase2019Logmel({ frames, variant, additionalSlicing: true, mixup: false, frequencyMask: false })
    fc.assert(
      fc.property(index, seed, (clip, drawn) => {
        const { data } = pipeline.apply(source, pipeline.draw(createRng(drawn), clip, source)).input
        const sounding = Array.from({ length: frames }, (_, frame) => data[frame] !== 0).filter(Boolean).length
        expect(sounding).toBeGreaterThanOrEqual(0.25 * Math.min(frames, lengths[clip]))
      }),
    )
  }
})

test.each([800, 10_000, 50_000])(
  'additional slicing of a clip of %d frames to 10 000: the kept share is uniform in 25 to 100 %%',
  (length) => {
    const pipeline = dcase2019Logmel({ frames: 10_000, variant: 'paper', additionalSlicing: true })
    const about = { size: 1, about: () => ({ bins, frames: length }) }
    const whole = Math.min(length, 10_000)
    const shares = Array.from({ length: 4000 }, (_, i) => pipeline.draw(createRng(i), 0, about).slice.keptFrames / whole)
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.25)
    expect(Math.min(...shares)).toBeLessThan(0.252)
    expect(Math.max(...shares)).toBeGreaterThan(0.998)
    expect(Math.abs(shares.reduce((a, b) => a + b) / 4000 - 0.625)).toBeLessThan((5 * 0.75) / Math.sqrt(12 * 4000))
  },
)

test('the default covers every frame of a long clip, the last one included; referenceCode leaves the last offset out', () => {
  const one = sourceOf([noiseSpectrogram(bins, 43, 1)])
  const starts = (variant: Variant): number[] => {
    const pipeline = dcase2019Logmel({ frames, variant, mixup: false })
    return [...new Set(Array.from({ length: 200 }, (_, i) => pipeline.draw(createRng(i), 0, one).slice.startFrame))].sort((a, b) => a - b)
  }
  expect(starts('default')).toEqual([0, 1, 2, 3])
  expect(starts('referenceCode')).toEqual([0, 1, 2])
})

test('referenceCode: additional slicing blanks bins of a longer clip, frames of a shorter one', () => {
  const pipeline = referenceCode({ frames, additionalSlicing: { p: 1 }, mixup: false })
  for (let i = 0; i < 50; i++) {
    const long = pipeline.draw(createRng(i), 6, source)
    expect(long.slice.keptFrames).toBe(frames)
    expect(long.keptBins).not.toBeNull()
    const short = pipeline.draw(createRng(i), 1, source)
    expect(short.keptBins).toBeNull()
    expect(short.slice.keptFrames).toBeLessThanOrEqual(20)
    expect(short.slice.keptFrames).toBeGreaterThanOrEqual(5)
  }
})

test('the caller may choose the partner, from a stream of its own', () => {
  const seen: number[] = []
  const partner = (rng: Rng): number => {
    seen.push(rng())
    return 2
  }
  const pipeline = dcase2019Logmel({ frames, mixup: { p: 1 }, partner })
  const draw = pipeline.draw(createRng(5), 4, source)
  expect(draw.mixup?.partner.index).toBe(2)
  expect(seen.length).toBe(1)
  expect(pipeline.toJSON()['partner']).toBe('custom')
  expect(
    pipelineFromJSON<ExamplePipeline<Spectrogram, LogmelDraw>>(throughJson(pipeline.toJSON()), { partner }).draw(createRng(5), 4, source),
  ).toEqual(draw)
})

test('without a choice the partner is uniform over the source, the clip itself included', () => {
  const pipeline = dcase2019Logmel({ frames, mixup: { p: 1 } })
  const times = lengths.map(() => 0)
  for (let i = 0; i < 7000; i++) times[pipeline.draw(createRng(i), 0, source).mixup!.partner.index]++
  for (const count of times) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000))
})

test('the shares of examples that are mixed, masked and sliced are the p of the variant', () => {
  for (const [variant, p] of [
    ['default', 0.5],
    ['paper', 1],
    ['referenceCode', 0.5],
  ] as const) {
    const pipeline = dcase2019Logmel({ frames, variant, additionalSlicing: true })
    const draws = Array.from({ length: 2000 }, (_, i) => pipeline.draw(createRng(i), 1, source))
    const share = (applied: (draw: LogmelDraw) => boolean): number => draws.filter(applied).length / draws.length
    const tolerance = p === 1 ? 1e-9 : 5 * Math.sqrt(0.25 / 2000)
    expect(Math.abs(share((draw) => draw.mixup !== null) - p)).toBeLessThan(tolerance)
    expect(Math.abs(share((draw) => draw.frequencyMask !== null) - p)).toBeLessThan(tolerance)
    expect(Math.abs(share((draw) => draw.gain !== 1 || draw.gainAfter !== 1) - p)).toBeLessThan(tolerance)
    expect(share((draw) => draw.slice.keptFrames < 20)).toBeGreaterThan(p * 0.85)
  }
})

const preset = (variant: Variant): unknown => dcase2019Logmel({ frames: 512, variant, additionalSlicing: true }).toJSON()

test('the presets are the table of paper and code', () => {
  const off = { timeMask: false, timeWarp: false, partner: 'uniform', pipeline: 'dcase2019Logmel', frames: 512 }
  const masks = { fill: 0, minWidthBins: 8 }
  const shrink = { minShare: 0.25, maxShare: 1 }
  expect(preset('default')).toEqual({
    ...off,
    variant: 'default',
    lastOffset: 'included',
    gainOrder: 'before-mixup',
    additionalSlicing: { ...shrink, axisBug: false, p: 0.5 },
    mixup: { p: 0.5, alpha: 1, labels: 'linear' },
    gain: { p: 0.5, minFactor: 0.8, maxFactor: 1.2 },
    frequencyMask: { ...masks, p: 0.5, maxWidthBins: 32, semantics: 'width' },
  })
  expect(preset('paper')).toEqual({
    ...off,
    variant: 'paper',
    lastOffset: 'included',
    gainOrder: 'before-mixup',
    additionalSlicing: { ...shrink, axisBug: false, p: 1 },
    mixup: { p: 1, alpha: 1, labels: 'linear' },
    gain: { p: 1, minFactor: 0.8, maxFactor: 1.2 },
    frequencyMask: { ...masks, p: 1, maxWidthBins: 32, semantics: 'width' },
  })
  expect(preset('referenceCode')).toEqual({
    ...off,
    variant: 'referenceCode',
    lastOffset: 'excluded',
    gainOrder: 'after-mixup',
    additionalSlicing: { ...shrink, axisBug: true, p: 0.5 },
    mixup: { p: 0.5, alpha: 1, labels: 'linear' },
    gain: { p: 0.5, minFactor: 0.9, maxFactor: 1.1 },
    frequencyMask: { ...masks, p: 0.5, maxWidthBins: 31, semantics: 'half-width' },
  })
  expect(referenceCode({ frames: 512, additionalSlicing: true }).toJSON()).toEqual(preset('referenceCode'))
  expect(dcase2019Logmel({ frames: 512 }).toJSON()['additionalSlicing']).toBe(false)
})
