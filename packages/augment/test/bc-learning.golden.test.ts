import { readFileSync } from 'node:fs'
import type { Example, Waveform } from '@audiotag/augment'
import { aWeighting, bcLearning, bcProportion, clipGain } from '@audiotag/augment'
import { readNpy } from '@audiotag/testkit'
import { describe, expect, test } from 'vitest'

interface Golden {
  clips: { name: string; sampleRate: number; file: string; nFft: number; gainDecibels: { A: number; rms: number } }[]
  cases: {
    clips: [string, string]
    mode: 'A' | 'rms'
    r: number
    p: number
    labels: [number[], number[]]
    mixedLabels: number[]
    file?: string
  }[]
}

const here = (file: string): URL => new URL(`golden/${file}`, import.meta.url)
const json = (file: string): unknown => JSON.parse(readFileSync(here(file), 'utf8'))
const { clips, cases } = json('cases.json') as Golden
const waves = new Map(clips.map(({ name, sampleRate, file }) => [name, { samples: readNpy(here(file)).data as Float32Array, sampleRate }]))
/** Of the mixed files only some are kept here; the samples of the others follow from p. */
const stored = new Set([
  'short+short-noise-A',
  'short+short-noise-rms',
  'tone-60+tone-3000-A',
  'tone-60+tone-3000-rms',
  'noise-16k+tone-16k-A',
  'late+noise-A',
])

function pair({ clips: [first, second], labels }: Golden['cases'][number]): [Example<Waveform>, Example<Waveform>] {
  return [
    { input: waves.get(first)!, labels: Float32Array.from(labels[0]) },
    { input: waves.get(second)!, labels: Float32Array.from(labels[1]) },
  ]
}

test.each(json('a_weighting.json') as { hertz: number; decibels: number }[])('A-weighting at $hertz Hz', ({ hertz, decibels }) => {
  expect(Math.abs(aWeighting(hertz) - decibels)).toBeLessThan(1e-9)
})

describe.each(clips)('gain of $name', ({ name, nFft, gainDecibels }) => {
  test.each(['A', 'rms'] as const)('%s', (mode) => {
    const { samples, sampleRate } = waves.get(name)!
    expect(Math.abs(clipGain(samples, { sampleRate, mode }) - gainDecibels[mode])).toBeLessThan(1e-6)
    expect(clipGain(samples, { sampleRate, mode, frameSamples: nFft })).toBe(clipGain(samples, { sampleRate, mode }))
  })
})

describe.each(cases)('$clips $mode r = $r', (golden) => {
  const { clips: names, mode, r, p, mixedLabels } = golden
  const [first, second] = pair(golden)
  const gain = ({ samples, sampleRate }: Waveform): number => clipGain(samples, { sampleRate, mode })
  const mixed = bcLearning({ gain: mode }).apply(first, second, { ratio: r })

  test('proportion', () => {
    expect(Math.abs(bcProportion(gain(first.input), gain(second.input), r) - p)).toBeLessThanOrEqual(1e-6 * p)
  })

  test('labels', () => {
    mixedLabels.forEach((label, i) => expect(Math.abs(mixed.labels[i] - label)).toBeLessThan(6e-8)) // labels are float32: half a unit in the last place
  })

  test('samples', () => {
    const file = `${names.join('+')}-${mode}`
    const scale = Math.hypot(p, 1 - p)
    const expected =
      r === 0.25 && stored.has(file)
        ? (readNpy(here(`mixed/${file}-0.25.npy`)).data as Float32Array)
        : first.input.samples.map((x, i) => (p * x + (1 - p) * second.input.samples[i]) / scale)
    expect(mixed.input.samples.length).toBe(expected.length)
    let worst = 0
    expected.forEach((x, i) => (worst = Math.max(worst, Math.abs(mixed.input.samples[i] - x))))
    expect(worst).toBeLessThan(1e-6)
  })
})

test('every stored mix is compared', () => {
  expect(cases.filter(({ clips: names, mode, r }) => r === 0.25 && stored.has(`${names.join('+')}-${mode}`)).length).toBe(stored.size)
})
