import { dcase2019Logmel, dcase2019Waveform } from '@audiotag/augment'
import { submission1, submission2 } from '@audiotag/ensemble'
import { dcase2019PseudoLabels } from '@audiotag/ssl'
import { dcase2019Training } from '@audiotag/train'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load-config.js'
import { paperModel, paperModelNames } from '../src/config/paper-models.js'
import { presetNames } from '../src/config/schema.js'
import type { ModelSettings } from '../src/config/schema.js'
import type { FeatureStore } from '../src/data/features.js'
import { batchStreams } from '../src/stages/batch-streams.js'
import { validationPad } from '../src/stages/train-job.js'

const everyModel = paperModelNames.flatMap((name) => presetNames.map((preset) => [name, preset] as const))

/** A store of which `batchStreams` reads only the number of noisy clips. */
const twoNoisyClips = { splits: { noisy: { size: 2 } } } as FeatureStore
const rows = { curatedTrain: [0], curatedValid: [1], noisySsl: [0] }

describe.each(everyModel)('model %s as %s agrees with the packages', (name, preset) => {
  const settings = paperModel(name, preset)
  const config = { ...loadConfig('model1', preset), models: [settings] }

  it('losses, optimiser and rates: dcase2019Training', () => {
    const kind = settings.input === 'logmel' ? 'resnet' : settings.activation === 'sigmoid' ? 'envnet-sigmoid' : 'envnet-softmax'
    const recipe = dcase2019Training({ model: kind, variant: preset, ssl: settings.ssl !== null })
    const { optimizer } = settings
    // An optimiser without momentum says so here and says nothing there.
    const spoken = { momentum: 0, nesterov: false, ...recipe.optimizer }
    if (optimizer.kind === 'adam') expect(recipe.optimizer).toEqual({ name: 'adam' })
    else expect(spoken).toEqual({ name: 'sgd', momentum: optimizer.momentum, nesterov: optimizer.nesterov })
    expect({ max: settings.maxRate, min: settings.minRate, periodOffset: settings.periodOffset }).toEqual(recipe.learningRate)
    const [curated, noisy, ssl] = recipe.streams
    expect(settings.losses).toEqual({ curated: curated.loss, noisy: noisy.loss })
    expect([curated.head, noisy.head, curated.weight, noisy.weight]).toEqual(['curated', 'noisy', 1, 1])
    expect(settings.ssl?.weight).toBe(ssl?.weight)
  })

  it('augmentation: dcase2019Logmel and dcase2019Waveform', () => {
    const [{ augment }] = batchStreams(config, settings, rows, null, twoNoisyClips)
    const made =
      settings.input === 'logmel'
        ? dcase2019Logmel(augment as Parameters<typeof dcase2019Logmel>[0])
        : dcase2019Waveform(augment as Parameters<typeof dcase2019Waveform>[0])
    const own =
      settings.input === 'logmel'
        ? dcase2019Logmel({ frames: settings.slice, variant: preset, additionalSlicing: name === '2' })
        : dcase2019Waveform({ samples: settings.slice, variant: preset })
    expect(made.toJSON()).toEqual(own.toJSON())
  })
})

it.each(presetNames)('pseudo labels of model 2 as %s: dcase2019PseudoLabels', (preset) => {
  const { ssl } = paperModel('2', preset)
  const recipe = dcase2019PseudoLabels({ variant: preset })
  expect(ssl).toMatchObject({ weight: recipe.weight, partner: recipe.mixupPartner })
  expect(ssl!.labels).toEqual({ from: '1', kind: 'soft', exponent: recipe.exponent, normalize: recipe.normalize, folds: recipe.folds })
  expect(ssl!.set).toBe(recipe.set === 'noisy' ? 'noisy' : 'curated+noisy')
  const store = { splits: { noisy: { size: 10 } } } as FeatureStore
  const noisySsl = [0, 1, 2, 4, 5, 6, 8, 9]
  const config = loadConfig('model2', preset)
  const stream = batchStreams(config, paperModel('2', preset), { ...rows, noisySsl }, new Float32Array(0), store).find(
    (each) => each.name === 'ssl',
  )!
  const noisy = stream.sources.find(({ split }) => split === 'noisy')!
  expect(noisy.places.length / 10).toBe(recipe.noisyShare)
  const weightOf = (split: string) =>
    stream.sources.filter((source) => source.split === split).reduce((sum, { weight = 1 }) => sum + weight, 0)
  expect(weightOf('curated') / (weightOf('curated') + weightOf('noisy'))).toBe(recipe.curatedShare)
})

const submissions = [
  ['submission1', submission1],
  ['submission2', submission2],
] as const

describe.each(submissions.flatMap(([name, make]) => presetNames.map((preset) => [name, preset, make] as const)))(
  '%s as %s agrees with @audiotag/ensemble',
  (name, preset, make) => {
    const config = loadConfig(name, preset)
    const submission = make(preset)

    it('weights, paddings, folds, and cycles counted over the whole training', () => {
      expect(config.folds).toEqual({ count: submission.folds, seed: 42, train: [0, 1, 2, 3, 4] })
      const members = config.ensemble.members.map(({ model, weight, cycles, pads }) => {
        const trainedBefore = model === '6' && preset === 'referenceCode' ? paperModel('6_0', preset).cycles : 0
        return { model: Number(model), weight, cycles: cycles!.map((cycle) => cycle + trainedBefore), pads }
      })
      expect(members).toEqual(submission.models.map(({ model, weight, cycles, pads }) => ({ model, weight, cycles, pads })))
    })

    it('every cycle that is averaged is trained, on the input and for the epochs that the list says', () => {
      for (const { model, input, epochsPerCycle } of submission.models) {
        const settings = config.models.find((each) => each.name === String(model))!
        expect(settings).toMatchObject({ input, epochsPerCycle })
        const { cycles } = config.ensemble.members.find((member) => member.model === String(model))!
        expect(Math.max(...cycles!)).toBeLessThanOrEqual(settings.cycles)
      }
    })

    it('its pseudo labels come from every fold, as dcase2019PseudoLabels for final models', () => {
      const { folds } = dcase2019PseudoLabels({ variant: preset, final: true })
      expect(config.models.find((each) => each.name === '2')!.ssl!.labels.folds).toBe(folds)
    })
  },
)

/** slice, batch, cycles, epochs a cycle, start. */
const row = ({ slice, batch, cycles, epochsPerCycle, initFrom }: ModelSettings) => [slice, batch, cycles, epochsPerCycle, initFrom]

describe('Table 1, and where the authors’ code has something else', () => {
  it.each([
    ['1', [512, 64, 8, 64, null], {}],
    ['2', [512, 64, 7, 64, '1'], { paper: [512, 32, 7, 64, '1'] }],
    ['3', [1024, 64, 6, 64, null], { referenceCode: [1024, 64, 8, 64, null] }],
    ['4_0', [133_300, 16, 1, 400, null], {}],
    ['4', [133_300, 64, 3, 80, '4_0'], {}],
    ['5', [133_300, 16, 5, 80, '4_0'], {}],
    ['6', [200_000, 16, 10, 80, null], { paper: [200_000, 16, 10, 80, '4_0'], referenceCode: [200_000, 16, 5, 80, '6_0'] }],
  ] as const)('model %s: slice, batch, cycles × epochs, start', (name, standard, others: Record<string, readonly unknown[]>) => {
    for (const preset of presetNames) expect(row(paperModel(name, preset))).toEqual(others[preset] ?? standard)
  })

  it('paddings: 8 and 64 frames; 8000 and 32000 samples, for model 4 0 and 32000', () => {
    for (const preset of presetNames) {
      for (const name of ['1', '2', '3']) expect(paperModel(name, preset).pads).toEqual([8, 64])
      for (const name of ['5', '6']) expect(paperModel(name, preset).pads).toEqual([8000, 32_000])
      expect(paperModel('4', preset).pads).toEqual([0, 32_000])
    }
  })

  it('held-out clips are validated as they are; the authors’ code adds half a slice of zeros to both sides of waveforms', () => {
    for (const preset of presetNames) {
      const pads = ['1', '3', '4_0', '4', '6'].map((name) => validationPad(paperModel(name, preset)))
      expect(pads).toEqual(preset === 'referenceCode' ? [0, 0, 66_650, 66_650, 100_000] : [0, 0, 0, 0, 0])
    }
  })

  it('bad clips are left out by default, and group padding is masked; paper and code keep and count them', () => {
    const facts = presetNames.map((preset) => [loadConfig('submission1', preset).dropBadClips, paperModel('1', preset).groupPadding])
    expect(facts).toEqual([
      [true, 'masked'],
      [false, 'reference'],
      [false, 'reference'],
    ])
  })

  it('a learner’s width, network and input are the paper’s: ResNet34 on log-mel, EnvNet-v2 on the waveform', () => {
    for (const [name, preset] of everyModel) {
      const logmel = ['1', '2', '3'].includes(name)
      const { width, architecture, input, activation } = paperModel(name, preset)
      expect({ width, architecture, input }).toEqual({
        width: 1,
        architecture: logmel ? 'resnet34' : 'envnet2',
        input: logmel ? 'logmel' : 'waveform',
      })
      expect(activation).toBe(logmel || name === '4' ? 'sigmoid' : 'softmax')
    }
  })
})
