import { describe, expect, it } from 'vitest'
import { ablationConfig, ablationRows } from '../src/config/ablation.js'
import type { AblationScores, PairedInterval } from '../src/report/ablation-data.js'
import { ablationCsv } from '../src/report/ablation-csv.js'
import { ablationFigure } from '../src/report/ablation-figure.js'
import { ablationTable } from '../src/report/ablation-table.js'
import { readMarkup } from './report/read-markup.js'

const config = ablationConfig(1, '/data')
const settings = new Map(config.models.map((model) => [model.name, model]))

describe('the ablation', () => {
  it('every row is made of networks, snapshots and paddings that there are, and compared with a row before or beside it', () => {
    const ids = ablationRows.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { against, parts } of ablationRows) {
      if (against !== null) expect(ids).toContain(against)
      for (const { model, pads } of parts) for (const pad of pads) expect(settings.get(model)?.pads).toContain(pad)
    }
  })

  it('every network is used by a row', () => {
    const used = new Set(ablationRows.flatMap(({ parts }) => parts.map(({ model }) => model)))
    expect([...settings.keys()].filter((name) => !used.has(name))).toEqual([])
  })

  it('networks that are compared make equally many updates', () => {
    const epochs = (name: string, snapshots: 'first' | 'last' | 'all' = 'last'): number => {
      const { cycles, epochsPerCycle, initFrom, batch } = settings.get(name)!
      expect(batch).toBe(16)
      return (snapshots === 'first' ? 1 : cycles) * epochsPerCycle + (initFrom === null ? 0 : epochs(initFrom))
    }
    // What more or less training brings is what these rows show.
    const lengths = ['longer', 'mask-first', 'multitask-first']
    let compared = 0
    for (const { id, against, parts } of ablationRows) {
      const theirs = ablationRows.find((row) => row.id === against)?.parts
      if (theirs?.length !== 1 || parts.length !== 1 || lengths.includes(id)) continue
      expect([id, epochs(parts[0].model, parts[0].cycles)]).toEqual([id, epochs(theirs[0].model, theirs[0].cycles)])
      compared++
    }
    expect(compared).toBeGreaterThan(15)
  })

  it('the seed is all that differs between seeds', () => {
    expect({ ...ablationConfig(2, '/data'), seed: 1 }).toEqual(config)
  })
})

const interval = (difference: number, low: number, high: number): PairedInterval => ({
  difference,
  low,
  high,
  bySeed: [difference - 0.01, difference + 0.01],
})
const scores: AblationScores = {
  seeds: [1, 2],
  folds: 2,
  clips: { crossValidation: 160, test: 379 },
  level: 0.95,
  rows: ablationRows.map((row, i) => ({
    row,
    crossValidation: [0.8, 0.82],
    test: [0.7, 0.72],
    crossValidationDifference: row.against === null ? null : interval(0.02, 0.01, 0.03),
    testDifference:
      row.against === null ? null : interval([0.04, -0.05, 0.001][i % 3], [0.02, -0.08, -0.01][i % 3], [0.06, -0.02, 0.02][i % 3]),
  })),
  headline: { crossValidation: interval(0.05, 0.03, 0.07), test: interval(0.08, 0.06, 0.1) },
  labelQuality: { clips: 900, given: 0.7, pseudo: { ssl: 0.8 } },
  cost: { trainings: 40, trainingSeconds: 7200, predictionSeconds: 600, processor: 'Some CPU', node: '20.20.2', commit: '0123456789' },
}

describe('its results', () => {
  it('the table has a line for every row, in groups, and says what it cost', () => {
    const table = ablationTable(scores)
    for (const { label } of ablationRows) expect(table).toContain(`| ${label} |`)
    expect(table).toContain('**+0.080 (+0.060 to +0.100)** on test, +0.050 (+0.030 to +0.070) in cross-validation')
    expect(table).toContain('| + MixUp | 0.810 | 0.710 | curated clips, no augmentation | −0.050 (−0.080 to −0.020) | −0.060, −0.040 |')
    expect(table).toContain('40 trainings, 2 h 00 min of processes that train and 10 min 00 s of processes that predict')
    expect(table).toContain('| pseudo labels for `ssl` | 0.800 |')
    expect(ablationTable({ ...scores, labelQuality: null })).not.toContain('How right')
  })

  it('the figure is well-formed and has a line and a value for every difference', () => {
    const figure = ablationFigure(scores)
    const { tags } = readMarkup(`<!DOCTYPE html>\n${figure}`)
    const differences = ablationRows.filter(({ against }) => against !== null).length + 1
    const count = (name: string, attribute: string, value: string) =>
      tags.filter((tag) => tag.name === name && tag.attributes[attribute] === value).length
    expect(count('line', 'stroke-width', '2.5')).toBe(differences)
    expect(count('circle', 'r', '3.5')).toBe(2 * differences)
    for (const { attributes } of tags)
      for (const x of [attributes['x'], attributes['x1'], attributes['x2'], attributes['cx']])
        if (x !== undefined) expect(Number(x) >= 0 && Number(x) <= 900).toBe(true)
  })

  it('the raw scores have a line for every row, seed and set', () => {
    const lines = ablationCsv(scores).trim().split('\n')
    expect(lines).toHaveLength(1 + 4 * ablationRows.length)
    expect(lines.slice(0, 3)).toEqual([
      'row,against,seed,set,lwlrap,difference',
      'baseline,,1,cross-validation,0.8,',
      'baseline,,1,test,0.7,',
    ])
  })
})
