import { describe, expect, it } from 'vitest'
import { configNames, loadConfig, resolveConfig } from '../src/config/load-config.js'
import { presetNames } from '../src/config/schema.js'

const load = (overrides: object) =>
  resolveConfig(
    {
      name: 'x',
      about: '',
      models: [{ paper: '1' }],
      ensemble: { choose: 'fixed', members: [{ model: '1', weight: 1, cycles: null, pads: null }] },
      ...overrides,
    },
    'x.json',
  )

describe('configs that come along', () => {
  it.each(configNames().flatMap((name) => presetNames.map((preset) => [name, preset] as const)))('%s is valid as %s', (name, preset) => {
    const config = loadConfig(name, preset)
    expect(config.name).toBe(name)
    expect(config.preset).toBe(preset)
    expect(config.models.every(({ augment }) => augment.variant === preset)).toBe(true)
  })

  it('there is one for the demo, one for tests and one for each of the six models', () => {
    expect(configNames()).toEqual(
      expect.arrayContaining(['demo', 'smoke', 'model1', 'model2', 'model3', 'model4', 'model5', 'model6', 'submission1', 'submission2']),
    )
  })

  it.each([
    ['submission1', 'default', 170],
    ['submission1', 'paper', 170],
    ['submission1', 'referenceCode', 170],
    ['submission2', 'default', 95],
  ] as const)('%s as %s averages the paper’s number of predictions', (name, preset, predictions) => {
    const { ensemble, folds } = loadConfig(name, preset)
    expect(ensemble.members.reduce((sum, { cycles, pads }) => sum + cycles!.length * pads!.length * folds.train.length, 0)).toBe(
      predictions,
    )
  })

  it('weights are the paper’s 3:4:3:1:1:1, and 4:3:3:1:1:1 as in the authors’ code', () => {
    expect(loadConfig('submission1', 'default').ensemble.members.map(({ weight }) => weight)).toEqual([3, 4, 3, 1, 1, 1])
    expect(loadConfig('submission1', 'referenceCode').ensemble.members.map(({ weight }) => weight)).toEqual([4, 3, 3, 1, 1, 1])
  })

  it('model #2 takes the three readings of its batch, its labels and its set', () => {
    const [standard, paper, reference] = presetNames.map((preset) => {
      const { batch, ssl } = loadConfig('model2', preset).models.find(({ name }) => name === '2')!
      return [batch, ssl!.set, ssl!.labels.folds, ssl!.partner]
    })
    expect(standard).toEqual([64, 'curated+noisy', 'same', 'sampler'])
    expect(paper).toEqual([32, 'noisy', 'all', 'sampler'])
    expect(reference).toEqual([64, 'curated+noisy', 'all', 'uniform'])
  })

  it('EnvNets bring their pretraining stage with them', () => {
    expect(loadConfig('model5').models.map(({ name }) => name)).toEqual(['4_0', '5'])
    expect(loadConfig('model6', 'default').models.map(({ name }) => name)).toEqual(['6'])
    expect(loadConfig('model6', 'paper').models.map(({ name }) => name)).toEqual(['4_0', '6'])
    expect(loadConfig('model6', 'referenceCode').models.map(({ name }) => name)).toEqual(['6_0', '6'])
  })
})

describe('a bad config is refused with its setting', () => {
  it.each([
    ['an unknown key', { modles: [] }, /modles/u],
    ['a preset that is none', { preset: 'papr' }, /preset must be one of default, paper, referenceCode, got "papr"/u],
    ['a model that the paper does not have', { models: [{ paper: '7' }] }, /models\[0\]\.paper must be one of .*got "7"/u],
    ['a width of 0', { models: [{ paper: '1', width: 0 }] }, /width/u],
    ['a batch of half a clip', { models: [{ paper: '1', batch: 0.5 }] }, /batch/u],
    ['an unknown setting of a model', { models: [{ paper: '1', sliceFrames: 128 }] }, /sliceFrames/u],
    ['a fold that is not there', { folds: { count: 2, train: [2] } }, /folds.train must be below folds.count \(2\), got 2/u],
    [
      'an ensemble of an unknown model',
      { ensemble: { choose: 'fixed', members: [{ model: 'B', weight: 1, cycles: null, pads: null }] } },
      /'B', which is no model/u,
    ],
    [
      'a cycle that is not trained',
      { ensemble: { choose: 'fixed', members: [{ model: '1', weight: 1, cycles: [9], pads: null }] } },
      /has 8 cycles, got cycle 9/u,
    ],
    [
      'a padding that is not predicted',
      { ensemble: { choose: 'fixed', members: [{ model: '1', weight: 1, cycles: null, pads: [3] }] } },
      /pads 8, 64, got 3/u,
    ],
    ['a model that starts from a later one', { models: [{ paper: '1', initFrom: 'Z' }] }, /initFrom must name a model listed before it/u],
    ['two models of one name', { models: [{ paper: '1' }, { paper: '3', name: '1' }] }, /two models are named '1'/u],
  ])('%s', (_, overrides, message) => {
    expect(() => load(overrides)).toThrow(message)
    expect(() => load(overrides)).toThrow(/^x\.json/u)
  })

  it('an unknown name is answered with the nearest', () => {
    expect(() => loadConfig('dmeo')).toThrow(/unknown config 'dmeo' \(did you mean 'demo'\?\)/u)
    expect(() => loadConfig('./nowhere.json')).toThrow(/cannot read the config .*nowhere\.json/u)
  })
})
