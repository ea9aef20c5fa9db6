import { checkNames, checkNumber, checkSpectrogram, checkWaveform } from './check.js'
import { drawChance } from './draw-numbers.js'
import type { Rng } from './rng.js'
import { copySample } from './sample.js'
import type { SampleInfo, Spectrogram, Waveform } from './sample.js'
import type { Transform } from './transform.js'

interface Definition<Sample, Params> {
  name: string
  p: number
  /** Every option, defaults filled in. */
  options: object
  /** The options as the caller gave them, to catch names that nobody reads. */
  given: object
  draw: (rng: Rng, about: SampleInfo) => Params
  apply: (sample: Sample, params: Params) => Sample
  resize?: (about: SampleInfo, params: Params) => SampleInfo
}

export const defineSpectrogramTransform = <Params extends object>(
  definition: Definition<Spectrogram, Params>,
): Transform<Spectrogram, Params> => define(definition, checkSpectrogram)

export const defineWaveformTransform = <Params extends object>(definition: Definition<Waveform, Params>): Transform<Waveform, Params> =>
  define(definition, checkWaveform)

/** What all transforms share: the chance `p`, null for "leave it alone", the check of the sample, JSON. */
function define<Sample extends Spectrogram | Waveform, Params extends object>(
  { name, p, options, given, draw, apply, resize }: Definition<Sample, Params>,
  check: (caller: string, sample: Sample) => void,
): Transform<Sample, Params> {
  checkNames(name, given, ['p', ...Object.keys(options)])
  checkNumber(name, 'p', p, 0, 1)
  return Object.freeze<Transform<Sample, Params>>({
    name,
    p,
    draw: (rng, about) => {
      const applied = drawChance(rng, p)
      const params = draw(rng, about) // drawn in any case: p moves no other draw, and bad sizes never hide behind a small p
      return applied ? params : null
    },
    apply: (sample, params) => {
      check(name, sample)
      return params === null ? copySample(sample) : apply(sample, params)
    },
    resize: (about, params) => (params === null || resize === undefined ? about : resize(about, params)),
    toJSON: () => ({ transform: name, p, ...options }),
  })
}
