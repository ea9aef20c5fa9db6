import { checkInteger, checkNames, checkNumber, checkChoice, checkSpectrogram, sizeOf } from './check.js'
import { drawChance, drawInteger, drawUniform, namedStreams } from './draw-numbers.js'
import { emptyArray } from './empty-array.js'
import { AugmentError } from './errors.js'
import type { ExamplePipeline } from './example.js'
import type { FrequencyMaskOptions, FrequencyMaskParams } from './frequency-mask.js'
import { frequencyMask, maskBins } from './frequency-mask.js'
import type { GainPowerOptions } from './gain-power.js'
import { gainPower } from './gain-power.js'
import { mixLabels } from './mix-labels.js'
import type { MixupOptions } from './mixup.js'
import { mixup } from './mixup.js'
import { mergeOption, optionsOf } from './preset.js'
import type { OptionOrOff, Variant } from './preset.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { ShrinkFramesOptions } from './shrink-frames.js'
import { drawKeptBins, shrinkFrames } from './shrink-frames.js'
import type { KeptBins, SliceFramesParams } from './slice-frames.js'
import { addFrames, drawWindow, placeFrames } from './slice-frames.js'
import type { TimeMaskOptions, TimeMaskParams } from './time-mask.js'
import { maskFrames, timeMask } from './time-mask.js'
import type { TimeWarpOptions, TimeWarpParams } from './time-warp.js'
import { timeWarp, warpFrames } from './time-warp.js'

/** Options of `dcase2019Logmel`: the variant to start from, and steps to replace or (`false`) leave out. */
export interface Dcase2019LogmelOptions {
  /** Length of an example, frames, ≥ 1. The paper: 512 for models #1 and #2, 1024 for #3. */
  readonly frames: number
  /** Where the options below start from. @defaultValue 'default' */
  readonly variant?: Variant
  /** Additional slicing, as for model #2. `true` for the variant's own. @defaultValue false */
  readonly additionalSlicing?: OptionOrOff<ShrinkFramesOptions>
  /** Whether the last offset of a slice can be drawn. @defaultValue 'included'; 'excluded' for 'referenceCode' */
  readonly lastOffset?: 'included' | 'excluded'
  /** MixUp in power. @defaultValue p 0.5, α 1; p 1 for 'paper' */
  readonly mixup?: OptionOrOff<MixupOptions>
  /** Index of the clip to mix with. @defaultValue uniform over the source, itself included */
  readonly partner?: (rng: Rng) => number
  /** Factor on power. @defaultValue 0.8–1.2, p 0.5; p 1 for 'paper'; 0.9–1.1 for 'referenceCode' */
  readonly gain?: OptionOrOff<GainPowerOptions>
  /** Gain of each clip before the mix, or of the mix, where standardisation undoes it. @defaultValue 'before-mixup'; 'after-mixup' for 'referenceCode' */
  readonly gainOrder?: 'before-mixup' | 'after-mixup'
  /** @defaultValue width 8–32 bins, p 0.5; p 1 for 'paper'; half-width 8–31 for 'referenceCode' */
  readonly frequencyMask?: OptionOrOff<FrequencyMaskOptions>
  /** @defaultValue false */
  readonly timeMask?: OptionOrOff<TimeMaskOptions>
  /** @defaultValue false */
  readonly timeWarp?: OptionOrOff<TimeWarpOptions>
}

/** One clip's part in an example. */
export interface LogmelClipDraw {
  readonly index: number
  readonly slice: SliceFramesParams
  /** Only for the authors' blanking of bins. */
  readonly keptBins: KeptBins | null
  /** Factor on power. */
  readonly gain: number
}

/** Everything that is random in one example: plain JSON. */
export interface LogmelDraw extends LogmelClipDraw {
  readonly mixup: { readonly lambda: number; readonly partner: LogmelClipDraw } | null
  /** Factor on the mix. */
  readonly gainAfter: number
  readonly timeWarp: TimeWarpParams | null
  readonly frequencyMask: FrequencyMaskParams | null
  readonly timeMask: TimeMaskParams | null
}

const OFF = { timeMask: false, timeWarp: false } as const
const PRESETS = {
  default: {
    additionalSlicing: { p: 0.5 },
    lastOffset: 'included',
    mixup: { p: 0.5 },
    gain: { minFactor: 0.8, maxFactor: 1.2, p: 0.5 },
    gainOrder: 'before-mixup',
    frequencyMask: { minWidthBins: 8, maxWidthBins: 32, p: 0.5 },
    ...OFF,
  },
  paper: {
    additionalSlicing: { p: 1 },
    lastOffset: 'included',
    mixup: { p: 1 },
    gain: { minFactor: 0.8, maxFactor: 1.2, p: 1 },
    gainOrder: 'before-mixup',
    frequencyMask: { minWidthBins: 8, maxWidthBins: 32, p: 1 },
    ...OFF,
  },
  referenceCode: {
    additionalSlicing: { axisBug: true, p: 0.5 },
    lastOffset: 'excluded',
    mixup: { p: 0.5 },
    gain: { minFactor: 0.9, maxFactor: 1.1, p: 0.5 },
    gainOrder: 'after-mixup',
    frequencyMask: { semantics: 'half-width', minWidthBins: 8, maxWidthBins: 31, p: 0.5 },
    ...OFF,
  },
} as const

/**
 * Training examples of the paper's log-mel models, from power spectrograms to power: slice (with or without additional slicing) →
 * mixup → gain → frequency mask. dB and standardisation come after. Each part has its own stream, so switching one off or changing
 * its `p` moves no draw of another.
 *
 * @throws `AUGMENT_RANGE` for options outside their range
 * @see Akiyama & Sato 2019, §4
 * @example
 * import { createRng, dcase2019Logmel } from '@audiotag/augment'
 * const clip = (value) => ({ input: { data: new Float32Array(128 * 200).fill(value), bins: 128, frames: 200 }, labels: Float32Array.of(1, 0) })
 * const clips = [clip(1), clip(2)]
 * const source = { size: 2, about: (index) => ({ bins: 128, frames: 200 }), get: (index) => clips[index] }
 * const pipeline = dcase2019Logmel({ frames: 128 })
 * const draw = pipeline.draw(createRng(1).fork('epoch-0').fork('clip-0'), 0, source)
 * pipeline.apply(source, draw).input.data.length // => 16384
 */
export function dcase2019Logmel(options: Dcase2019LogmelOptions): ExamplePipeline<Spectrogram, LogmelDraw> {
  const name = 'dcase2019Logmel'
  const { frames, variant = 'default', partner } = options ?? {}
  checkInteger(name, 'frames', frames, 1)
  checkChoice(name, 'variant', variant, Object.keys(PRESETS))
  const preset = PRESETS[variant]
  checkNames(name, options, ['frames', 'variant', 'partner', ...Object.keys(preset)])
  const { lastOffset = preset.lastOffset, gainOrder = preset.gainOrder } = options
  checkChoice(name, 'lastOffset', lastOffset, ['included', 'excluded'])
  checkChoice(name, 'gainOrder', gainOrder, ['before-mixup', 'after-mixup'])

  const shrinker = mergeOption(name, 'additionalSlicing', options.additionalSlicing ?? false, preset.additionalSlicing, shrinkFrames)
  const mixer = mergeOption(name, 'mixup', options.mixup ?? true, preset.mixup, (o: MixupOptions) => mixup(o))
  const gainer = mergeOption(name, 'gain', options.gain ?? true, preset.gain, gainPower)
  const binMask = mergeOption(name, 'frequencyMask', options.frequencyMask ?? true, preset.frequencyMask, frequencyMask)
  const frameMask = mergeOption(name, 'timeMask', options.timeMask ?? false, {}, timeMask)
  const warper = mergeOption(name, 'timeWarp', options.timeWarp ?? false, {}, timeWarp)
  const shrink = shrinker?.toJSON() as Required<ShrinkFramesOptions> | undefined
  const binFill = (binMask?.toJSON() as Required<FrequencyMaskOptions> | undefined)?.fill ?? 0
  const frameFill = (frameMask?.toJSON() as Required<TimeMaskOptions> | undefined)?.fill ?? 0
  const labelMixing = (mixer?.toJSON() as Required<MixupOptions> | undefined)?.labels ?? 'linear'

  function drawClip(streams: (part: string) => Rng, part: string, index: number, about: SampleInfo): LogmelClipDraw {
    const length = sizeOf(name, about, 'frames')
    const bins = sizeOf(name, about, 'bins')
    let kept = Math.min(length, frames)
    let keptBins: KeptBins | null = null
    if (shrink !== undefined) {
      const rng = streams(`${part}additionalSlicing`)
      const applied = drawChance(rng, shrink.p)
      const share = drawUniform(rng, shrink.minShare, shrink.maxShare)
      if (applied && shrink.axisBug && length > frames) keptBins = drawKeptBins(rng, share, frames, bins)
      else if (applied) kept = shrink.axisBug ? Math.max(1, Math.floor(share * kept)) : Math.ceil(share * kept)
    }
    const slice = drawWindow(streams(`${part}slice`), length, kept, frames, lastOffset)
    const gain = (gainOrder === 'before-mixup' && gainer?.draw(streams(`${part}gain`), about)) || { factor: 1 }
    return { index, slice, keptBins, gain: gain.factor }
  }

  return Object.freeze<ExamplePipeline<Spectrogram, LogmelDraw>>({
    name,

    draw(rng, index, source) {
      checkInteger(name, 'index', index, 0, source.size - 1)
      const streams = namedStreams(rng)
      const about = source.about(index)
      const mixed = mixer?.draw(streams('mixup')) ?? null
      let mix: LogmelDraw['mixup'] = null
      if (mixed !== null) {
        const stream = streams('partner')
        const other = partner === undefined ? drawInteger(stream, 0, source.size - 1) : partner(stream)
        checkInteger(name, 'index returned by partner', other, 0, source.size - 1)
        mix = { lambda: mixed.lambda, partner: drawClip(streams, 'partner/', other, source.about(other)) }
      }
      const after = { bins: sizeOf(name, about, 'bins'), frames }
      return {
        ...drawClip(streams, '', index, about),
        mixup: mix,
        gainAfter: ((gainOrder === 'after-mixup' && gainer?.draw(streams('gain'), after)) || { factor: 1 }).factor,
        timeWarp: warper?.draw(streams('timeWarp'), after) ?? null,
        frequencyMask: binMask?.draw(streams('frequencyMask'), after) ?? null,
        timeMask: frameMask?.draw(streams('timeMask'), after) ?? null,
      }
    },

    apply(source, draw, into) {
      const { input, labels } = source.get(draw.index)
      checkSpectrogram(name, input)
      const { bins } = input
      const data = emptyArray(name, bins * frames, into)
      let mixedLabels: Float32Array
      if (draw.mixup === null) {
        placeFrames(data, frames, input, draw.slice, draw.gain * draw.gainAfter, draw.keptBins)
        mixedLabels = labels.slice()
      } else {
        const { lambda, partner: other } = draw.mixup
        checkNumber(name, 'draw.mixup.lambda', lambda, 0, 1)
        const second = source.get(other.index)
        checkSpectrogram(name, second.input)
        if (second.input.bins !== bins) {
          throw new AugmentError(
            'AUGMENT_SHAPE',
            `${name}: clips must have the same bins, got ${bins} in clip ${draw.index} and ${second.input.bins} in clip ${other.index}.`,
          )
        }
        placeFrames(data, frames, input, draw.slice, lambda * draw.gain * draw.gainAfter, draw.keptBins)
        addFrames(data, frames, second.input, other.slice, (1 - lambda) * other.gain * draw.gainAfter, other.keptBins)
        mixedLabels = mixLabels(name, labels, second.labels, lambda, labelMixing)
      }
      if (draw.timeWarp !== null) warpFrames(data, data.slice(), bins, frames, draw.timeWarp)
      if (draw.frequencyMask !== null) maskBins(data, bins, frames, draw.frequencyMask, binFill)
      if (draw.timeMask !== null) maskFrames(data, bins, frames, draw.timeMask, frameFill)
      return { input: { data, bins, frames }, labels: mixedLabels }
    },

    toJSON: () => ({
      pipeline: name,
      variant,
      frames,
      lastOffset,
      gainOrder,
      partner: partner === undefined ? 'uniform' : 'custom',
      additionalSlicing: optionsOf(shrinker),
      mixup: optionsOf(mixer),
      gain: optionsOf(gainer),
      frequencyMask: optionsOf(binMask),
      timeMask: optionsOf(frameMask),
      timeWarp: optionsOf(warper),
    }),
  })
}
