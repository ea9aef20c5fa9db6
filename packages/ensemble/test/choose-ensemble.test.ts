import { chooseEnsemble, nestedPredictions, WeightedAverage, type ChooseEnsembleOptions, type OutOfFoldMember } from '@audiotag/ensemble'
import { goldenLabels, goldenWords } from '@audiotag/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { labelRanking } from './label-ranking.js'

const classes = 5
const clips = 60
const truth = goldenLabels('truth', [clips, classes], { seed: 7, density: 0.2 })
const score = (labels: Float32Array, scores: Float32Array): number => labelRanking(labels, scores, classes)
const isEven = (clip: number): boolean => clip % 2 === 0

/** Labels mixed with noise of its own: skill 1 is right about everything, 0 knows nothing. Two folds: even and odd clips. */
function modelMembers(model: string, skills: Record<number, Record<number, number>>): OutOfFoldMember[] {
  return Object.entries(skills).flatMap(([cycle, pads]) =>
    Object.entries(pads).flatMap(([pad, skill]) => {
      const noise = goldenWords(`${model}/${cycle}/${pad}`, clips * classes, 1)
      const all = Array.from(truth, (label, i) => skill * label + (1 - skill) * (noise[i] / 2 ** 32))
      return [0, 1].map((fold) => {
        const rows = [...Array(clips).keys()].filter((clip) => isEven(clip) === (fold === 0))
        const predictions = rows.flatMap((row) => all.slice(row * classes, (row + 1) * classes))
        return { model, fold, cycle: Number(cycle), pad: Number(pad), clips: rows, predictions }
      })
    }),
  )
}
const choose = (members: OutOfFoldMember[], more: Partial<ChooseEnsembleOptions> = {}): ReturnType<typeof chooseEnsemble> =>
  chooseEnsemble({ members, truth, classes, score, ...more })

describe('what it chooses', () => {
  test('drops a model that knows nothing', () => {
    const { models, members } = choose([...modelMembers('good', { 1: { 0: 0.6 } }), ...modelMembers('bad', { 1: { 0: 0 } })])
    expect(models).toEqual([
      { model: 'good', weight: 1, cycles: [1], pads: [0] },
      { model: 'bad', weight: 0, cycles: [1], pads: [0] },
    ])
    expect(members).toEqual([{ model: 'good', cycle: 1, pad: 0, weight: 1 }])
  })

  test('chooses no padding where padding hurts, padding where it helps', () => {
    expect(choose(modelMembers('A', { 1: { 0: 0.55, 64: 0.1 } })).models[0].pads).toEqual([0])
    expect(choose(modelMembers('A', { 1: { 0: 0.1, 64: 0.9 } })).models[0].pads).toEqual([64])
    expect(choose(modelMembers('A', { 1: { 8: 0.5, 64: 0.1 } })).models[0].pads).toEqual([8])
  })

  test('drops early cycles that hurt', () => {
    expect(choose(modelMembers('A', { 1: { 0: 0 }, 2: { 0: 0.4 }, 3: { 0: 0.4 } })).models[0].cycles).toEqual([2, 3])
  })

  test('keeps equal models together: the ensemble beats each', () => {
    const {
      score: chosen,
      singles,
      models,
      estimate,
    } = choose([
      ...modelMembers('A', { 1: { 0: 0.45 } }),
      ...modelMembers('B', { 1: { 0: 0.45 } }),
      ...modelMembers('C', { 1: { 0: 0.45 } }),
    ])
    expect(models.filter(({ weight }) => weight > 0).length).toBeGreaterThan(1)
    expect(chosen).toBeGreaterThan(Math.max(...singles.map((single) => single.score)))
    expect(estimate).toBeGreaterThan(Math.max(...singles.map((single) => single.estimate)))
  })

  test('with an unreachable gain nothing is changed: equal weights, every cycle, no padding', () => {
    const choice = choose([...modelMembers('A', { 1: { 0: 0.3, 8: 0.9 }, 2: { 0: 0.5, 8: 0.5 } }), ...modelMembers('B', { 1: { 0: 0 } })], {
      minGain: 2,
    })
    expect(choice.models).toEqual([
      { model: 'A', weight: 1, cycles: [1, 2], pads: [0] },
      { model: 'B', weight: 1, cycles: [1], pads: [0] },
    ])
    expect(choice.score).toBe(choice.plain)
    expect(choice.estimate).toBeCloseTo(choice.plain, 12)
    expect(choice.outer).toHaveLength(5)
    for (const { models } of choice.outer) expect(models).toEqual(choice.models)
  })

  test('many cycles: one at a time', () => {
    const skills = Object.fromEntries([1, 2, 3, 4, 5, 6].map((cycle) => [cycle, { 0: cycle === 6 ? 0.8 : 0 }]))
    expect(choose(modelMembers('A', skills)).models[0].cycles).toEqual([6])
  })
})

const mixed = [
  ...modelMembers('A', { 1: { 0: 0.3, 8: 0.35 }, 2: { 0: 0.4, 8: 0.3 } }),
  ...modelMembers('B', { 1: { 0: 0.2, 8: 0.4 }, 2: { 0: 0.4, 8: 0.35 } }),
  ...modelMembers('C', { 1: { 0: 0.3 }, 2: { 0: 0.2 } }),
]

describe('always', () => {
  test('deterministic, whatever the order of the members of a model; plain JSON', () => {
    const choice = choose(mixed)
    expect(choose(mixed)).toEqual(choice)
    const byModel = ['A', 'B', 'C'].flatMap((name) => mixed.filter(({ model }) => model === name).toReversed())
    expect(choose(byModel)).toEqual(choice)
    expect(JSON.parse(JSON.stringify(choice))).toEqual(choice)
  })

  test('the score is that of its members in a weighted average, and not below the plain one', () => {
    const choice = choose(mixed)
    const average = new WeightedAverage()
    for (const { model, cycle, pad, weight } of choice.members) {
      const whole = new Float32Array(clips * classes)
      for (const member of mixed.filter((m) => m.model === model && m.cycle === cycle && m.pad === pad)) {
        Array.from(member.clips).forEach((row, i) =>
          whole.set(Array.from(member.predictions).slice(i * classes, (i + 1) * classes), row * classes),
        )
      }
      average.add(whole, weight)
    }
    expect(score(truth, average.result().predictions)).toBeCloseTo(choice.score, 12)
    expect(average.result().totalWeight).toBeCloseTo(1, 12)
    expect(choice.score).toBeGreaterThanOrEqual(choice.plain)
    for (const single of choice.singles) expect(choice.score).toBeGreaterThanOrEqual(single.score - 2 * 0.001)
  })

  test('an outer fold never sees its own labels', () => {
    const { outer } = choose(mixed)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.infiniteStream(fc.constantFrom(0, 1)), (held, labels) => {
        const lie = truth.slice()
        for (let clip = held; clip < clips; clip += 5)
          for (let c = 0; c < classes; c++) lie[clip * classes + c] = c === 0 ? 1 : (labels.next().value as number)
        expect(chooseEnsemble({ members: mixed, truth: lie, classes, score }).outer[held]).toEqual(outer[held])
      }),
      { numRuns: 5 },
    )
  })

  test('choosing among noise looks good on its own clips and is worth nothing: the estimate says so', () => {
    const skills = Object.fromEntries([1, 2, 3, 4].map((cycle) => [cycle, { 0: 0, 8: 0, 64: 0 }]))
    const noise = ['A', 'B', 'C', 'D'].flatMap((name) => modelMembers(name, skills))
    const { score: optimistic, estimate, plain } = choose(noise, { minGain: 0 })
    expect(optimistic).toBeGreaterThan(plain + 0.05)
    expect(estimate).toBeLessThan(optimistic - 0.05)
  })

  test('the score function gets rows and labels that belong together, never anything it could spoil', () => {
    const before = truth.slice()
    const sizes = new Set<number>()
    choose(mixed, {
      outerFolds: 3,
      score: (labels, scores) => {
        expect(labels).toHaveLength(scores.length)
        sizes.add(labels.length / classes)
        const value = score(labels, scores)
        labels.fill(9)
        scores.fill(9)
        return value
      },
    })
    expect(truth).toEqual(before)
    expect([...sizes].sort((a, b) => a - b)).toEqual([40, 60])
  })

  test('nested predictions score exactly the estimate', () => {
    for (const outerFolds of [2, 5, Array.from({ length: clips }, (_, clip) => Number(clip > 11))]) {
      const options = { members: mixed, truth, classes, score, outerFolds }
      const choice = chooseEnsemble(options)
      // Through JSON, as from a file; weights in lowest terms change roundings at most.
      const stored = JSON.parse(JSON.stringify(choice)) as typeof choice
      expect(score(truth, nestedPredictions(options, stored))).toBeCloseTo(choice.estimate, 12)
    }
  })

  test('nested predictions of another choice are refused', () => {
    const options = { members: mixed, truth, classes, score }
    const choice = chooseEnsemble(options)
    expect(() => nestedPredictions({ ...options, outerFolds: 4 }, choice)).toThrow('the choice must be of the same members and outer folds')
    expect(() => nestedPredictions({ ...options, members: modelMembers('B', { 1: { 0: 0.2 } }) }, choice)).toThrow(
      'the choice must be of the same members',
    )
    const later = mixed.map((member) => ({ ...member, cycle: member.cycle + 1 }))
    const refused = (): unknown => nestedPredictions({ ...options, members: later }, choice)
    expect(refused).toThrow('got a cycle or pad that is not there')
  })

  test('outer folds may be given', () => {
    const outerFolds = Uint8Array.from({ length: clips }, (_, clip) => (clip < 20 ? 3 : 1))
    expect(choose(mixed, { outerFolds }).outer.map(({ fold, clips: count }) => [fold, count])).toEqual([
      [1, 40],
      [3, 20],
    ])
    const numbered = Array.from({ length: clips }, (_, clip) => clip % 5)
    expect(choose(mixed, { outerFolds: numbered })).toEqual(choose(mixed))
  })
})
