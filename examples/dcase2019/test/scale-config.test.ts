import { describe, expect, it } from 'vitest'
import { configNames, loadConfig } from '../src/config/load-config.js'
import { parseScale, scaleConfig } from '../src/config/scale-config.js'
import { configSchema, presetNames } from '../src/config/schema.js'

const toy = parseScale('toy')

describe('parseScale', () => {
  it('reads any of the keys, and names', () => {
    expect(parseScale('width=0.5,epochs=2')).toMatchObject({ text: 'width=0.5,epochs=2', width: 0.5, slice: 1, epochs: 2, folds: Infinity })
    expect(toy).toMatchObject({ width: 0.0625, slice: 0.125, epochs: 1, folds: 2, batch: 4 })
    expect(parseScale(toy.text)).toEqual(toy)
  })

  it.each([
    ['tiny', /expected toy or KEY=VALUE,… with the keys width, slice, epochs, folds, batch, got 'tiny'/u],
    ['', /got ''/u],
    ['width', /got 'width'/u],
    ['width=', /got 'width='/u],
    ['width=1=2', /got 'width=1=2'/u],
    ['toString=1', /got 'toString=1'/u],
    ['width=2', /width must be above 0 and at most 1, got 2/u],
    ['width=x', /width must be above 0 and at most 1, got x/u],
    ['slice=0', /slice must be above 0/u],
    ['epochs=1.5', /epochs must be a whole number of at least 1, got 1\.5/u],
    ['folds=1', /folds must be a whole number of at least 2, got 1/u],
    ['batch=0', /batch must be a whole number of at least 1, got 0/u],
  ])('refuses %s', (text, message) => {
    expect(() => parseScale(text)).toThrow(message)
  })
})

describe('scaleConfig', () => {
  it('never lets two paddings become one: there would be fewer predictions', () => {
    const { models, ensemble } = scaleConfig(loadConfig('submission1'), parseScale('slice=0.001'))
    expect(models.map(({ pads }) => pads)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [8, 32],
      [0, 32],
      [8, 32],
      [8, 32],
    ])
    expect(ensemble.members.map(({ pads }) => pads)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [0, 32],
      [8, 32],
      [8, 32],
    ])
  })

  it('trains the first fold where the config’s own is no longer there', () => {
    const config = loadConfig('model1')
    const { folds } = scaleConfig({ ...config, folds: { ...config.folds, train: [4] } }, parseScale('folds=2'))
    expect(folds).toMatchObject({ count: 2, train: [0] })
    expect(scaleConfig(config, parseScale('folds=9')).folds).toEqual(config.folds)
  })
})

describe.each(configNames().flatMap((name) => presetNames.map((preset) => [name, preset] as const)))(
  '%s as %s on a toy scale',
  (name, preset) => {
    const whole = loadConfig(name, preset)
    const small = scaleConfig(whole, toy)

    it('is a config of its own, and says what it is', () => {
      expect(configSchema.parse(JSON.parse(JSON.stringify(small)))).toEqual(small)
      expect(small.scale).toBe(toy.text)
      expect(whole.scale).toBeNull()
    })

    it('keeps every network, cycle, member and weight', () => {
      expect(small.models.map(({ name: model, cycles, initFrom, losses }) => [model, cycles, initFrom, losses])).toEqual(
        whole.models.map(({ name: model, cycles, initFrom, losses }) => [model, cycles, initFrom, losses]),
      )
      expect(small.ensemble.members.map(({ model, weight, cycles }) => [model, weight, cycles])).toEqual(
        whole.ensemble.members.map(({ model, weight, cycles }) => [model, weight, cycles]),
      )
      small.models.forEach(({ pads }, i) => expect(pads).toHaveLength(whole.models[i].pads.length))
      for (const { model, pads } of small.ensemble.members) {
        const predicted = small.models.find((each) => each.name === model)!.pads
        for (const pad of pads ?? []) expect(predicted).toContain(pad)
      }
    })

    it('is smaller in everything that costs', () => {
      expect(small.folds.train.length).toBeLessThanOrEqual(2)
      small.models.forEach((model, i) => {
        expect(model.width).toBe(whole.models[i].width / 16)
        expect(model.batch).toBeLessThanOrEqual(4)
        expect(model.epochsPerCycle).toBe(1)
        expect(model.slice).toBe(Math.max(model.input === 'waveform' ? 20_570 : 1, Math.round(whole.models[i].slice / 8)))
      })
    })
  },
)
