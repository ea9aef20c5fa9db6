import { bcLearning } from './bc-learning.js'
import { show } from './check.js'
import { compose } from './compose.js'
import { dcase2019Logmel } from './dcase2019-logmel.js'
import { dcase2019Waveform } from './dcase2019-waveform.js'
import { AugmentError } from './errors.js'
import type { ExamplePipeline, PipelineJson } from './example.js'
import { frequencyMask } from './frequency-mask.js'
import { gainPower } from './gain-power.js'
import { gainSamples } from './gain-samples.js'
import type { Mixer } from './mixer.js'
import { mixup } from './mixup.js'
import { oneOf } from './one-of.js'
import { padSamples } from './pad-samples.js'
import type { Rng } from './rng.js'
import type { Spectrogram, Waveform } from './sample.js'
import { scaleSamples } from './scale-samples.js'
import { shrinkFrames } from './shrink-frames.js'
import { sliceFrames } from './slice-frames.js'
import { sliceSamples } from './slice-samples.js'
import { timeMask } from './time-mask.js'
import { timeWarp } from './time-warp.js'
import type { Transform, TransformJson } from './transform.js'
import { whiteNoise } from './white-noise.js'

/** Anything `fromJSON` may return. Say which you expect: `fromJSON<Transform<Spectrogram>>(json)`. */
export type AnyTransform = Transform<Spectrogram> | Transform<Waveform> | Mixer<Spectrogram> | Mixer<Waveform>
/** Anything `pipelineFromJSON` may return. */
export type AnyPipeline = ExamplePipeline<Spectrogram> | ExamplePipeline<Waveform>

const options = {
  bcLearning,
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
}
const factories: ReadonlyMap<string, (options: object) => unknown> = new Map<string, (options: object) => unknown>([
  ...(Object.entries(options) as [string, (options: object) => unknown][]),
  ['compose', ({ steps, ...rest }: { steps?: readonly TransformJson[] }) => compose(list('compose', 'steps', steps), rest)],
  ['oneOf', ({ transforms, ...rest }: { transforms?: readonly TransformJson[] }) => oneOf(list('oneOf', 'transforms', transforms), rest)],
])
const pipelines: ReadonlyMap<string, (options: object) => unknown> = new Map(
  Object.entries({ dcase2019Logmel, dcase2019Waveform }) as [string, (options: object) => unknown][],
)

/**
 * The transform or mixer that `toJSON()` was called on, with every option.
 *
 * @throws `AUGMENT_JSON` for anything that is not such JSON; `AUGMENT_RANGE` for an option that is unknown or outside its range
 * @example
 * import { describe, frequencyMask, fromJSON } from '@audiotag/augment'
 * const mask = frequencyMask({ maxWidthBins: 16 })
 * describe(fromJSON(JSON.parse(JSON.stringify(mask)))) === describe(mask) // => true
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what was saved
export function fromJSON<Result extends AnyTransform = AnyTransform>(json: TransformJson): Result {
  const { transform, ...rest } = object('fromJSON', json) as Partial<TransformJson>
  return look('fromJSON', 'transform', factories, transform)(rest) as Result
}

/**
 * The pipeline that `toJSON()` was called on. A function cannot be saved: where the pipeline had its own `partner`, hand it in again.
 *
 * @throws `AUGMENT_JSON` for anything that is not such JSON, and where `partner` is missing or one too many
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what was saved
export function pipelineFromJSON<Result extends AnyPipeline = AnyPipeline>(
  json: PipelineJson,
  functions: { readonly partner?: (rng: Rng) => number } = {},
): Result {
  const { pipeline, partner = 'uniform', ...rest } = object('pipelineFromJSON', json) as Partial<PipelineJson>
  const build = look('pipelineFromJSON', 'pipeline', pipelines, pipeline)
  if ((partner === 'custom') !== (functions.partner !== undefined)) {
    const rule = partner === 'custom' ? 'needs the partner function it was made with' : 'was made without a partner function'
    throw new AugmentError('AUGMENT_JSON', `pipelineFromJSON: this ${String(pipeline)} ${rule}, got ${typeof functions.partner}.`)
  }
  return build({ ...rest, ...functions }) as Result
}

function object(caller: string, json: unknown): object {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  throw new AugmentError('AUGMENT_JSON', `${caller}: json must be an object, got ${show(json)}. Pass what toJSON() returned.`)
}

function look(
  caller: string,
  field: string,
  known: ReadonlyMap<string, (options: object) => unknown>,
  name: unknown,
): (options: object) => unknown {
  const build = known.get(name as string)
  if (build !== undefined) return build
  throw new AugmentError(
    'AUGMENT_JSON',
    `${caller}: json.${field} must be one of ${[...known.keys()].sort().join(', ')}, got ${show(name)}.`,
  )
}

function list(caller: string, field: string, entries: readonly TransformJson[] | undefined): Transform<Spectrogram>[] {
  if (Array.isArray(entries)) return entries.map((entry) => fromJSON<Transform<Spectrogram>>(entry as TransformJson))
  throw new AugmentError('AUGMENT_JSON', `fromJSON: ${field} of ${caller} must be an array, got ${show(entries)}.`)
}
