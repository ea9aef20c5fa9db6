import { cyclicCosine, snapshotSchedule } from '@audiotag/ensemble'
import { expect, test } from 'vitest'
import fc from 'fast-check'

test('a cycle starts at maxRate, falls all the way, stays inside the range and repeats', () => {
  const options = fc.record({ maxRate: fc.double({ min: 1e-4, max: 1, noNaN: true }), stepsPerCycle: fc.integer({ min: 2, max: 200 }) })
  fc.assert(
    fc.property(options, fc.constantFrom(0 as const, 1 as const), ({ maxRate, stepsPerCycle }, periodOffset) => {
      const minRate = 1e-6
      const rate = cyclicCosine({ maxRate, minRate, stepsPerCycle, periodOffset })
      const period = stepsPerCycle + periodOffset
      const cycle = Array.from({ length: period }, (_, step) => rate(step))
      expect(cycle[0]).toBe(maxRate)
      for (let i = 1; i < period; i++) expect(cycle[i]).toBeLessThan(cycle[i - 1])
      expect(cycle[period - 1]).toBeGreaterThanOrEqual(minRate)
      if (periodOffset === 1) expect(cycle[period - 1]).toBeCloseTo(minRate, 12)
      for (let i = 0; i < period; i++) expect(rate(i + 3 * period)).toBe(cycle[i])
    }),
  )
})

test('the paper: 8 cycles of 64 epochs of 63 updates', () => {
  const { stepsPerCycle, totalSteps, snapshots } = snapshotSchedule({ cycles: 8, epochsPerCycle: 64, stepsPerEpoch: 63 })
  expect(stepsPerCycle).toBe(4032)
  expect(totalSteps).toBe(32_256)
  expect(snapshots.map(({ epoch }) => epoch)).toEqual([64, 128, 192, 256, 320, 384, 448, 512])
  expect(snapshots.map(({ cycle }) => cycle)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

test('the rate just before a snapshot is the lowest of its cycle', () => {
  const { stepsPerCycle, snapshots } = snapshotSchedule({ cycles: 3, epochsPerCycle: 2, stepsPerEpoch: 5 })
  const rate = cyclicCosine({ maxRate: 1, minRate: 0, stepsPerCycle })
  for (const { steps } of snapshots) {
    expect(rate(steps - 1)).toBeLessThan(rate(steps - 2))
    expect(rate(steps)).toBe(1)
  }
})
