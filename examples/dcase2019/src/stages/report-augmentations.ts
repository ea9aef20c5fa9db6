import { createRng, dcase2019Logmel, dcase2019Waveform } from '@audiotag/augment'
import type {
  Dcase2019LogmelOptions,
  Dcase2019WaveformOptions,
  ExamplePipeline,
  ExampleSource,
  LogmelDraw,
  Spectrogram,
  Waveform,
  WaveformDraw,
} from '@audiotag/augment'
import { powerToDb } from '@audiotag/melspec'
import type { ModelSettings } from '../config/schema.js'
import type { FeatureStore } from '../data/features.js'
import type { ReportAugmentation, ReportInput, ReportLabel } from '../report/report-data.js'
import { foldRows } from '../run/job-plan.js'
import type { RunFolder } from '../run/run-folder.js'
import { batchStreams } from './batch-streams.js'
import { logmelDraw, waveformDraw } from './report-draws.js'
import type { DrawInWords } from './report-draws.js'

/** Draws an example, of which the one with most steps is shown. */
const attempts = 32

/** Curated training clips before and after the models' augmentation: two log-mel spectrograms and a waveform, as far as there are such models. */
export function reportAugmentations(run: RunFolder, features: FeatureStore): ReportAugmentation[] {
  const { models } = run.config
  const [first, ...more] = models.filter(({ input }) => input === 'logmel')
  const waveform = models.find(({ input }) => input === 'waveform')
  const examples: ReportAugmentation[] = []
  if (first) {
    // The second is of a model that augments differently, as the paper's #2 does, if there is one.
    const second = more.find(({ augment }) => JSON.stringify(augment) !== JSON.stringify(first.augment)) ?? first
    examples.push(logmelExample(run, features, first, 0), logmelExample(run, features, second, 1))
  }
  if (waveform) examples.push(waveformExample(run, features, waveform))
  return examples
}

function logmelExample(run: RunFolder, features: FeatureStore, settings: ModelSettings, k: number): ReportAugmentation {
  return example<Spectrogram, LogmelDraw>(run, features, settings, k, {
    pipeline: (options) => dcase2019Logmel(options as Dcase2019LogmelOptions),
    read: (place) => features.mel('curated', place),
    words: logmelDraw,
    picture: (power) => ({ kind: 'spectrogram', ...powerToDb(power) }),
  })
}

function waveformExample(run: RunFolder, features: FeatureStore, settings: ModelSettings): ReportAugmentation {
  return example<Waveform, WaveformDraw>(run, features, settings, 0, {
    pipeline: (options) => dcase2019Waveform(options as Dcase2019WaveformOptions),
    read: (place) => features.waveform('curated', place),
    words: waveformDraw,
    picture: (waveform) => ({ kind: 'waveform', ...waveform }),
  })
}

interface Way<Input extends Spectrogram | Waveform, Draw extends object> {
  readonly pipeline: (options: object) => ExamplePipeline<Input, Draw>
  readonly read: (place: number) => Input
  readonly words: (
    draw: Draw,
    clips: { readonly names: readonly string[]; readonly lengths: readonly number[] },
    length: number,
  ) => DrawInWords
  readonly picture: (input: Input) => ReportInput
}

/** An example as the curated stream of the first fold makes them. */
function example<Input extends Spectrogram | Waveform, Draw extends object>(
  run: RunFolder,
  features: FeatureStore,
  settings: ModelSettings,
  k: number,
  { pipeline: pipelineOf, read, words, picture }: Way<Input, Draw>,
): ReportAugmentation {
  const { config } = run
  const { curated } = features.splits
  const [stream] = batchStreams(config, settings, foldRows(run, features, config.folds.train[0]), null, features)
  const { places } = stream.sources[0]
  const width = features.classes.length
  const source: ExampleSource<Input> = {
    size: places.length,
    about: (row) => curated.about(places[row]),
    get: (row) => ({ input: read(places[row]), labels: curated.labels!.subarray(places[row] * width, (places[row] + 1) * width) }),
  }
  const unit = settings.input === 'logmel' ? 'frames' : 'samples'
  const clips = { names: places.map((place) => curated.names[place]), lengths: places.map((place) => curated.about(place)[unit]) }
  const pipeline = pipelineOf(stream.augment)
  const rng = createRng(config.seed).fork('report').fork(settings.name).fork(k)
  const draws = Array.from({ length: attempts }, (_, attempt) => {
    const own = rng.fork(attempt)
    const row = Math.floor(own.fork('clip')() * source.size)
    const draw = pipeline.draw(own, row, source)
    return { row, draw, ...words(draw, clips, settings.slice) }
  })
  // The picture of a clip much longer than a slice would show little of what happened to it.
  const steps = ({ row, steps: count }: (typeof draws)[number]) => count - (clips.lengths[row] > 3 * settings.slice ? 1 : 0)
  const { row, draw, lines } = draws.reduce((best, next) => (steps(next) > steps(best) ? next : best))
  const before = source.get(row)
  const after = pipeline.apply(source, draw)
  const labelled = (labels: Float32Array): ReportLabel[] =>
    features.classes.map((label, c) => ({ label, value: labels[c] })).filter(({ value }) => value > 0)
  return {
    clip: clips.names[row],
    stream: `model ${settings.name}, curated`,
    before: picture(before.input),
    after: picture(after.input),
    draws: lines,
    labelsBefore: labelled(before.labels),
    labelsAfter: labelled(after.labels),
  }
}
