import type { BcLearningOptions } from './bc-learning.js'
import { bcLearning } from './bc-learning.js'
import { checkChoice, checkInteger, checkNames, checkWaveform, sizeOf } from './check.js'
import { drawInteger, namedStreams } from './draw-numbers.js'
import { emptyArray } from './empty-array.js'
import type { Example, ExamplePipeline } from './example.js'
import type { GainSamplesOptions, GainSamplesParams } from './gain-samples.js'
import { gainSamples } from './gain-samples.js'
import type { MixupOptions } from './mixup.js'
import { mixup } from './mixup.js'
import { mergeOption, optionsOf } from './preset.js'
import type { OptionOrOff, Variant } from './preset.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Waveform } from './sample.js'
import type { ScaleSamplesOptions } from './scale-samples.js'
import { scaledLength, scaledWindow, scaleSamples } from './scale-samples.js'
import type { SliceSamplesParams } from './slice-samples.js'
import { placeSamples, sliceSamples } from './slice-samples.js'
import type { WhiteNoiseOptions, WhiteNoiseParams } from './white-noise.js'
import { whiteNoise } from './white-noise.js'

/** Options of `dcase2019Waveform`: the variant to start from, and steps to replace or (`false`) leave out. */
export interface Dcase2019WaveformOptions {
  /** Length of an example, samples, ≥ 1. The paper: 66650, 133300 or 200000 at 44.1 kHz. */
  readonly samples: number
  /** Where the options below start from. @defaultValue 'default' */
  readonly variant?: Variant
  /** @defaultValue length × 0.8–1.25, linear, p 1; nearest for 'referenceCode' */
  readonly scale?: OptionOrOff<ScaleSamplesOptions>
  /** @defaultValue 'bothSides'; 'ifShort' for 'paper': see `sliceSamples` */
  readonly padding?: 'bothSides' | 'ifShort'
  /** Whether the last offset of a slice can be drawn. @defaultValue 'included'; 'excluded' for 'referenceCode' */
  readonly lastOffset?: 'included' | 'excluded'
  /**
   * How two clips are mixed. `'bc'`: options of `bcLearning`. `'mixup'`: options of `mixup`, no balance of loudness.
   * @defaultValue 'bc'; 'mixup' for 'paper'
   */
  readonly mixMethod?: 'bc' | 'mixup'
  /** Options of the method. @defaultValue p 1, α 1, A-weighted; 'int16-rms' and selfMixBug for 'referenceCode' */
  readonly mix?: OptionOrOff<BcLearningOptions | MixupOptions>
  /** Index of the clip to mix with. @defaultValue uniform over the source, itself included */
  readonly partner?: (rng: Rng) => number
  /** After the mix. @defaultValue ±6 dB, p 1 */
  readonly gain?: OptionOrOff<GainSamplesOptions>
  /** @defaultValue false */
  readonly whiteNoise?: OptionOrOff<WhiteNoiseOptions>
}

/** One clip's part in an example. */
export interface WaveformClipDraw {
  readonly index: number
  /** Factor on the length; null where the clip is not scaled. */
  readonly scale: number | null
  /** Of the scaled clip. */
  readonly slice: SliceSamplesParams
}

/** Everything that is random in one example: plain JSON. */
export interface WaveformDraw extends WaveformClipDraw {
  /** `ratio`: the share of the first clip. */
  readonly mix: { readonly ratio: number; readonly partner: WaveformClipDraw } | null
  readonly gain: GainSamplesParams | null
  readonly whiteNoise: WhiteNoiseParams | null
}

const PRESETS = {
  default: {
    scale: { minFactor: 0.8, maxFactor: 1.25, interpolation: 'linear', p: 1 },
    padding: 'bothSides',
    lastOffset: 'included',
    mixMethod: 'bc',
    mix: { p: 1 },
    gain: { minDecibels: -6, maxDecibels: 6, p: 1 },
    whiteNoise: false,
  },
  paper: {
    scale: { minFactor: 0.8, maxFactor: 1.25, interpolation: 'linear', p: 1 },
    padding: 'ifShort',
    lastOffset: 'included',
    mixMethod: 'mixup',
    mix: { p: 1 },
    gain: { minDecibels: -6, maxDecibels: 6, p: 1 },
    whiteNoise: false,
  },
  referenceCode: {
    scale: { minFactor: 0.8, maxFactor: 1.25, interpolation: 'nearest', p: 1 },
    padding: 'bothSides',
    lastOffset: 'excluded',
    mixMethod: 'bc',
    mix: { gain: 'int16-rms', selfMixBug: true, p: 1 },
    gain: { minDecibels: -6, maxDecibels: 6, p: 1 },
    whiteNoise: false,
  },
} as const

/**
 * Training examples of the paper's waveform model (EnvNet-v2): scale → slice → mix → gain. Each part has its own stream, so
 * switching one off or changing its `p` moves no draw of another.
 *
 * @throws `AUGMENT_RANGE` for options outside their range; `apply` throws `AUGMENT_NOT_FINITE` when a between-class mix meets NaN
 * @see Akiyama & Sato 2019, §4; Tokozume et al. 2018, arXiv:1711.10282
 * @example
 * import { createRng, dcase2019Waveform } from '@audiotag/augment'
 * const clip = { input: { samples: new Float32Array(9000).fill(0.1), sampleRate: 44100 }, labels: Float32Array.of(1, 0) }
 * const source = { size: 1, about: () => ({ samples: 9000, sampleRate: 44100 }), get: () => clip }
 * const pipeline = dcase2019Waveform({ samples: 8000 })
 * pipeline.apply(source, pipeline.draw(createRng(1), 0, source)).input.samples.length // => 8000
 */
export function dcase2019Waveform(options: Dcase2019WaveformOptions): ExamplePipeline<Waveform, WaveformDraw> {
  const name = 'dcase2019Waveform'
  const { samples, variant = 'default', partner } = options ?? {}
  checkInteger(name, 'samples', samples, 1)
  checkChoice(name, 'variant', variant, Object.keys(PRESETS))
  const preset = PRESETS[variant]
  checkNames(name, options, ['samples', 'variant', 'partner', ...Object.keys(preset)])
  const { lastOffset = preset.lastOffset, padding = preset.padding, mixMethod = preset.mixMethod } = options
  checkChoice(name, 'mixMethod', mixMethod, ['bc', 'mixup'])

  const scaler = mergeOption(name, 'scale', options.scale ?? true, preset.scale, scaleSamples)
  const slicer = sliceSamples({ samples, padding, lastOffset })
  const mixPreset = mixMethod === preset.mixMethod ? preset.mix : { p: 1 }
  const mixer = mergeOption(name, 'mix', options.mix ?? true, mixPreset, (o: BcLearningOptions | MixupOptions) =>
    mixMethod === 'bc' ? fromBc(o) : fromMixup(o),
  )
  const gainer = mergeOption(name, 'gain', options.gain ?? true, preset.gain, gainSamples)
  const noiser = mergeOption(name, 'whiteNoise', options.whiteNoise ?? false, {}, whiteNoise)
  const interpolation = (scaler?.toJSON() as Required<ScaleSamplesOptions> | undefined)?.interpolation ?? 'linear'

  function drawClip(streams: (part: string) => Rng, part: string, index: number, about: SampleInfo): WaveformClipDraw {
    const length = sizeOf(name, about, 'samples')
    const scale = scaler?.draw(streams(`${part}scale`), about)?.factor ?? null
    const slice = slicer.draw(streams(`${part}slice`), { samples: scale === null ? length : scaledLength(length, scale) })
    return { index, scale, slice: slice as SliceSamplesParams }
  }

  function cut({ samples: from, sampleRate }: Waveform, { scale, slice }: WaveformClipDraw): Waveform {
    if (scale === null) return { samples: placeSamples(from, samples, slice), sampleRate }
    const length = scaledLength(from.length, scale)
    checkInteger(name, 'draw.slice.startSample', slice.startSample, 0, length - 1)
    checkInteger(name, 'draw.slice.keptSamples', slice.keptSamples, 1, length - slice.startSample)
    const window = scaledWindow(from, scale, interpolation, slice.startSample, slice.keptSamples)
    return { samples: placeSamples(window, samples, { ...slice, startSample: 0 }), sampleRate }
  }

  return Object.freeze<ExamplePipeline<Waveform, WaveformDraw>>({
    name,

    draw(rng, index, source) {
      checkInteger(name, 'index', index, 0, source.size - 1)
      const streams = namedStreams(rng)
      const ratio = mixer?.draw(streams('mix')) ?? null
      let mix: WaveformDraw['mix'] = null
      if (ratio !== null) {
        const stream = streams('partner')
        const other = partner === undefined ? drawInteger(stream, 0, source.size - 1) : partner(stream)
        checkInteger(name, 'index returned by partner', other, 0, source.size - 1)
        mix = { ratio, partner: drawClip(streams, 'partner/', other, source.about(other)) }
      }
      return {
        ...drawClip(streams, '', index, source.about(index)),
        mix,
        gain: gainer?.draw(streams('gain'), {}) ?? null,
        whiteNoise: noiser?.draw(streams('whiteNoise'), {}) ?? null,
      }
    },

    apply(source, draw, into) {
      const first = source.get(draw.index)
      checkWaveform(name, first.input)
      let { input, labels } = { input: cut(first.input, draw), labels: first.labels }
      if (draw.mix !== null && mixer !== undefined) {
        const second = source.get(draw.mix.partner.index)
        checkWaveform(name, second.input)
        ;({ input, labels } = mixer.apply(
          { input, labels },
          { input: cut(second.input, draw.mix.partner), labels: second.labels },
          draw.mix.ratio,
        ))
      } else {
        labels = labels.slice()
      }
      if (draw.gain !== null && gainer !== undefined) input = gainer.apply(input, draw.gain)
      if (draw.whiteNoise !== null && noiser !== undefined) input = noiser.apply(input, draw.whiteNoise)
      if (into === undefined) return { input, labels }
      const place = emptyArray(name, samples, into)
      place.set(input.samples)
      return { input: { ...input, samples: place }, labels }
    },

    toJSON: () => ({
      pipeline: name,
      variant,
      samples,
      padding,
      lastOffset,
      partner: partner === undefined ? 'uniform' : 'custom',
      scale: optionsOf(scaler),
      mixMethod,
      mix: optionsOf(mixer),
      gain: optionsOf(gainer),
      whiteNoise: optionsOf(noiser),
    }),
  })
}

/** Both ways to mix under one shape: the share of the first clip is a plain number. */
function fromBc(options: BcLearningOptions) {
  const mixer = bcLearning(options)
  return {
    draw: (rng: Rng): number | null => mixer.draw(rng)?.ratio ?? null,
    apply: (first: Example<Waveform>, second: Example<Waveform>, ratio: number): Example<Waveform> => mixer.apply(first, second, { ratio }),
    toJSON: () => mixer.toJSON(),
  }
}

function fromMixup(options: MixupOptions) {
  const mixer = mixup<Waveform>(options)
  return {
    draw: (rng: Rng): number | null => mixer.draw(rng)?.lambda ?? null,
    apply: (first: Example<Waveform>, second: Example<Waveform>, lambda: number): Example<Waveform> =>
      mixer.apply(first, second, { lambda }),
    toJSON: () => mixer.toJSON(),
  }
}
