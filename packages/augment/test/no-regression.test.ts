import {
  createRng,
  dcase2019Logmel,
  dcase2019Waveform,
  frequencyMask,
  gainPower,
  gainSamples,
  mixup,
  padSamples,
  scaleSamples,
  shrinkFrames,
  sliceFrames,
  sliceSamples,
  timeMask,
  timeWarp,
  whiteNoise,
} from '@audiotag/augment'
import { expect, test } from 'vitest'
import { noiseSpectrogram, noiseWaveform, sourceOf } from './arbitraries.js'

/** FNV-1a of the bits: any change of any value shows. */
function fingerprint(values: Float32Array): string {
  let hash = 0x811c9dc5
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

// What seed 42 draws, and the bits that come of it. A change here changes every run made so far: a major version.
test('transforms', () => {
  const about = { bins: 128, frames: 512, samples: 44_100, sampleRate: 44_100 }
  const transforms = [
    frequencyMask({ p: 1 }),
    frequencyMask({ semantics: 'half-width', maxWidthBins: 31, p: 1 }),
    timeMask({ p: 1 }),
    timeWarp({ p: 1 }),
    sliceFrames({ frames: 128 }),
    shrinkFrames({ p: 1 }),
    shrinkFrames({ axisBug: true, p: 1 }),
    gainPower({ p: 1 }),
    sliceSamples({ samples: 10_000 }),
    padSamples({ minSamples: 50_000 }),
    scaleSamples(),
    gainSamples(),
    whiteNoise({ p: 1 }),
    mixup({ p: 1 }),
    mixup({ alpha: 0.4, p: 1 }),
  ]
  expect(transforms.map((transform) => `${transform.name} ${JSON.stringify(transform.draw(createRng(42), about))}`)).toMatchInlineSnapshot(`
    [
      "frequencyMask {"startBin":57,"widthBins":11}",
      "frequencyMask {"startBin":51,"widthBins":22}",
      "timeMask {"startFrame":242,"widthFrames":15}",
      "timeWarp {"centerFrame":98,"shiftFrames":-1.0764274774478935}",
      "sliceFrames {"startFrame":51,"keptFrames":128,"offsetFrame":0}",
      "shrinkFrames {"startFrame":162,"keptFrames":180,"offsetFrame":2}",
      "shrinkFrames {"startBin":128,"endBin":128}",
      "gainPower {"factor":0.8532950730497676}",
      "sliceSamples {"startSample":875,"keptSamples":10000,"offsetSample":0}",
      "padSamples {"beforeSamples":786,"afterSamples":5114}",
      "scaleSamples {"factor":0.849012565883859}",
      "gainSamples {"factor":0.6024799652926117}",
      "whiteNoise {"signalToNoiseDecibels":13.997130478732569,"noiseSeed":2089693387}",
      "mixup {"lambda":0.17662245399610227}",
      "mixup {"lambda":0.997132357241585}",
    ]
  `)
})

test('dcase2019Logmel', () => {
  const source = sourceOf([200, 90, 150].map((frames, i) => noiseSpectrogram(128, frames, i)))
  const pipeline = dcase2019Logmel({ frames: 128, mixup: { p: 1 }, frequencyMask: { p: 1 }, additionalSlicing: true })
  const draw = pipeline.draw(createRng(42), 0, source)
  expect(draw).toMatchInlineSnapshot(`
    {
      "frequencyMask": {
        "startBin": 88,
        "widthBins": 28,
      },
      "gain": 0.8068062603863744,
      "gainAfter": 1,
      "index": 0,
      "keptBins": null,
      "mixup": {
        "lambda": 0.752404039768542,
        "partner": {
          "gain": 0.9677105310521444,
          "index": 1,
          "keptBins": null,
          "slice": {
            "keptFrames": 90,
            "offsetFrame": 21,
            "startFrame": 0,
          },
        },
      },
      "slice": {
        "keptFrames": 128,
        "offsetFrame": 0,
        "startFrame": 66,
      },
      "timeMask": null,
      "timeWarp": null,
    }
  `)
  expect(fingerprint(pipeline.apply(source, draw).input.data)).toMatchInlineSnapshot(`"633d2a0e"`)
})

test('dcase2019Waveform', () => {
  const source = sourceOf([9000, 3000, 6000].map((length, i) => noiseWaveform(length, i, 44_100)))
  const pipeline = dcase2019Waveform({ samples: 5000 })
  const draw = pipeline.draw(createRng(42), 0, source)
  expect(draw).toMatchInlineSnapshot(`
    {
      "gain": {
        "factor": 0.5131087144069084,
      },
      "index": 0,
      "mix": {
        "partner": {
          "index": 1,
          "scale": 1.2174512697801252,
          "slice": {
            "keptSamples": 3652,
            "offsetSample": 457,
            "startSample": 0,
          },
        },
        "ratio": 0.3159461163637299,
      },
      "scale": 0.8697885275877122,
      "slice": {
        "keptSamples": 5000,
        "offsetSample": 0,
        "startSample": 1295,
      },
      "whiteNoise": null,
    }
  `)
  expect(fingerprint(pipeline.apply(source, draw).input.samples)).toMatchInlineSnapshot(`"08e67be1"`)
})
