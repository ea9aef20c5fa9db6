import { colorMap } from './color-map.js'
import { encodePng } from './encode-png.js'
import { html, type Html } from './html.js'
import type { ReportInput, ReportSpectrogram, ReportWaveform } from './report-data.js'

/** dB below the loudest that are still told apart. */
const RANGE_DB = 80

/** A spectrogram as an embedded PNG, or a waveform as its envelope. */
export function inputFigure(input: ReportInput, caption: string): Html {
  const size = input.kind === 'spectrogram' ? input.bins * input.frames : input.samples.length
  if (size === 0 || (input.kind === 'spectrogram' && input.data.length !== size)) {
    return html`<figure class="input">
      <p class="empty">Nothing to show.</p>
      <figcaption>${caption}</figcaption>
    </figure>`
  }
  const picture = input.kind === 'spectrogram' ? spectrogramImage(input, caption) : envelope(input, caption)
  return html`<figure class="input">
    ${picture}
    <figcaption>${caption}</figcaption>
  </figure>`
}

function spectrogramImage({ data, bins, frames }: ReportSpectrogram, caption: string): Html {
  let loudest = -Infinity
  let quietest = Infinity
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) continue
    loudest = Math.max(loudest, data[i])
    quietest = Math.min(quietest, data[i])
  }
  const low = Math.max(quietest, loudest - RANGE_DB)
  const scale = loudest > low ? 255 / (loudest - low) : 0
  const pixels = new Uint8Array(bins * frames)
  for (let bin = 0; bin < bins; bin++) {
    const row = (bins - 1 - bin) * frames // low bins at the bottom
    for (let frame = 0; frame < frames; frame++) {
      const step = Math.round((data[bin * frames + frame] - low) * scale)
      pixels[row + frame] = Number.isFinite(step) ? Math.min(255, Math.max(0, step)) : 0
    }
  }
  const png = encodePng({ pixels, width: frames, height: bins, palette: colorMap() })
  const uri = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
  return html`<img src="${uri}" width="${frames}" height="${bins}" alt="${caption}" />`
}

const COLUMNS = 320

function envelope({ samples, sampleRate }: ReportWaveform, caption: string): Html {
  const columns = Math.min(COLUMNS, samples.length)
  let peak = 0
  const spans = Array.from({ length: columns }, (_, column) => {
    let low = Infinity
    let high = -Infinity
    const end = Math.floor(((column + 1) * samples.length) / columns)
    for (let i = Math.floor((column * samples.length) / columns); i < end; i++) {
      if (!Number.isFinite(samples[i])) continue
      low = Math.min(low, samples[i])
      high = Math.max(high, samples[i])
    }
    peak = Math.max(peak, high, -low)
    return low <= high ? [low, high] : [0, 0]
  })
  const yAt = (value: number): string => (50 - (value / (peak || 1)) * 46).toFixed(1)
  const upper = spans.map(([, high], x) => `${x},${yAt(high)}`)
  const lower = spans.map(([low], x) => `${x},${yAt(low)}`).toReversed()
  const seconds = (samples.length / sampleRate).toFixed(2)
  return html`<svg
    viewBox="0 0 ${Math.max(columns - 1, 1)} 100"
    preserveAspectRatio="none"
    role="img"
    aria-label="${caption}, ${seconds} s"
  >
    <polygon class="wave" points="${[...upper, ...lower].join(' ')}" />
  </svg>`
}
