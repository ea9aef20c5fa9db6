import { checkNames, checkNumber, show } from './check.js'
import { drawChance, namedStreams } from './draw-numbers.js'
import { AugmentError } from './errors.js'
import { copySample } from './sample.js'
import type { SampleInfo, Spectrogram, Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `compose`: chance of the whole chain. */
export interface ComposeOptions {
  /** Chance of the whole chain. @defaultValue 1 */
  readonly p?: number
}

/** The params of every step, in order; null for a step that is skipped. */
export interface ComposeParams {
  readonly steps: readonly (object | null)[]
}

/**
 * One transform after another. Each step draws from a stream of its own, named after the transform, so adding, removing or
 * retuning one step moves no draw of the others.
 *
 * @throws `AUGMENT_RANGE` for something that is no transform
 * @example
 * import { compose, createRng, frequencyMask, sliceFrames } from '@audiotag/augment'
 * const chain = compose([sliceFrames({ frames: 128 }), frequencyMask({ p: 1 })])
 * const params = chain.draw(createRng(1), { bins: 64, frames: 500 })
 * const sample = { data: new Float32Array(64 * 500).fill(1), bins: 64, frames: 500 }
 * chain.apply(sample, JSON.parse(JSON.stringify(params))).frames // => 128
 */
export function compose<Sample extends Spectrogram | Waveform>(
  transforms: readonly Transform<Sample>[],
  options: ComposeOptions = {},
): Transform<Sample, ComposeParams> {
  const name = 'compose'
  const { p = 1 } = options
  checkNames(name, options, ['p'])
  checkNumber(name, 'p', p, 0, 1)
  checkTransforms(name, transforms)
  const steps = Object.freeze([...transforms])
  const labels = steps.map((step, i) => `${step.name} ${steps.slice(0, i).filter((earlier) => earlier.name === step.name).length}`)

  return Object.freeze<Transform<Sample, ComposeParams>>({
    name,
    p,
    draw: (rng, about) => {
      const applied = drawChance(rng, p)
      const streams = namedStreams(rng)
      let now = about
      const drawn = steps.map((step, i) => {
        const params = step.draw(streams(labels[i]), now)
        now = step.resize(now, params)
        return params
      })
      return applied ? { steps: drawn } : null
    },
    apply: (sample, params) => {
      if (params === null) return copySample(sample)
      checkSteps(params)
      let now = sample
      steps.forEach((step, i) => {
        if (params.steps[i] !== null) now = step.apply(now, params.steps[i])
      })
      return now === sample ? copySample(sample) : now
    },
    resize: (about, params) =>
      params === null ? about : steps.reduce<SampleInfo>((now, step, i) => step.resize(now, params.steps[i]), about),
    toJSON: () => ({ transform: name, p, steps: steps.map((step) => step.toJSON()) }),
  })

  function checkSteps(params: ComposeParams): void {
    if (Array.isArray(params.steps) && params.steps.length === steps.length) return
    throw new AugmentError(
      'AUGMENT_JSON',
      `${name}: params.steps must have one entry for each of the ${steps.length} steps, got ${show(params)}. Draw and apply with the same chain.`,
    )
  }
}

/** Every entry must be a transform: a mixer or a pipeline in a chain would fail late and strangely. */
export function checkTransforms(caller: string, transforms: readonly unknown[]): void {
  const odd = Array.isArray(transforms)
    ? transforms.findIndex((transform) => typeof (transform as Transform<Waveform> | null)?.resize !== 'function')
    : 0
  if (odd === -1) return
  throw new AugmentError(
    'AUGMENT_RANGE',
    `${caller}: transforms must be an array of transforms, entry ${odd} is none. Mixers and pipelines take two clips and go beside a chain, not into it.`,
  )
}
