import type { LogmelClipDraw, LogmelDraw, WaveformClipDraw, WaveformDraw } from '@audiotag/augment'

/** What was drawn for an example. */
export interface DrawInWords {
  /** One line an operation. */
  readonly lines: readonly string[]
  /** Random steps that changed something. */
  readonly steps: number
}

/** Clips that an example is drawn from, by row: names, and lengths in frames or samples. */
interface Clips {
  readonly names: readonly string[]
  readonly lengths: readonly number[]
}

/** @param length of an example, frames */
export function logmelDraw(draw: LogmelDraw, clips: Clips, length: number): DrawInWords {
  const { mixup, gainAfter, timeWarp, frequencyMask, timeMask } = draw
  const lines = clipLines(draw)
  if (mixup) {
    const { lambda, partner } = mixup
    const rest = clipLines(partner).join(', ')
    lines.push(`mixup of power: ${share(lambda)} of it, ${share(1 - lambda)} of ${clips.names[partner.index]} (${rest})`)
  }
  if (gainAfter !== 1) lines.push(`gain of the mix: power × ${gainAfter.toFixed(2)}`)
  if (timeWarp) lines.push(`time warp: frame ${timeWarp.centerFrame} moved by ${timeWarp.shiftFrames}`)
  if (frequencyMask) lines.push(`frequency mask: ${span('bins', frequencyMask.startBin, frequencyMask.widthBins)}`)
  if (timeMask) lines.push(`time mask: ${span('frames', timeMask.startFrame, timeMask.widthFrames)}`)
  const shortened = draw.slice.keptFrames < Math.min(length, clips.lengths[draw.index])
  const happened = [
    mixup !== null && mixup.partner.index !== draw.index,
    draw.gain !== 1 || gainAfter !== 1,
    shortened || draw.keptBins !== null,
    frequencyMask,
    timeMask,
    timeWarp,
  ]
  return { lines, steps: happened.filter(Boolean).length }

  function clipLines({ index, slice, keptBins, gain }: LogmelClipDraw): string[] {
    const { startFrame, keptFrames, offsetFrame } = slice
    const given = clips.lengths[index]
    const kept = keptFrames === given ? `all ${given} frames` : `${span('frames', startFrame, keptFrames)} of ${given}`
    return [
      `slice: ${kept}${keptFrames < length ? `, at frame ${offsetFrame} of ${length}, silence around` : ''}`,
      ...(keptBins ? [`kept of the bins: ${span('bins', keptBins.startBin, keptBins.endBin - keptBins.startBin)}`] : []),
      ...(gain === 1 ? [] : [`gain: power × ${gain.toFixed(2)}`]),
    ]
  }
}

/** @param length of an example, samples */
export function waveformDraw(draw: WaveformDraw, clips: Clips, length: number): DrawInWords {
  const { mix, gain, whiteNoise } = draw
  const lines = clipLines(draw)
  if (mix)
    lines.push(
      `mix: ${share(mix.ratio)} of it, ${share(1 - mix.ratio)} of ${clips.names[mix.partner.index]} (${clipLines(mix.partner).join(', ')})`,
    )
  if (gain) lines.push(`gain: ${(20 * Math.log10(gain.factor)).toFixed(1).replace('-', '−')} dB`)
  if (whiteNoise) lines.push(`white noise: ${whiteNoise.signalToNoiseDecibels.toFixed(1)} dB below the sound`)
  const happened = [draw.scale !== null, mix !== null && mix.partner.index !== draw.index, gain, whiteNoise]
  return { lines, steps: happened.filter(Boolean).length }

  function clipLines({ scale, slice }: WaveformClipDraw): string[] {
    const { startSample, keptSamples, offsetSample } = slice
    const place = keptSamples < length ? `, at sample ${offsetSample} of ${length}, silence around` : ''
    return [
      ...(scale === null ? [] : [`scale: length × ${scale.toFixed(2)}`]),
      `slice: ${span('samples', startSample, keptSamples)}${scale === null ? '' : ' of the scaled clip'}${place}`,
    ]
  }
}

const share = (value: number) => value.toFixed(2)

const span = (unit: string, start: number, length: number) => (length > 0 ? `${unit} ${start}–${start + length - 1}` : `no ${unit}`)
