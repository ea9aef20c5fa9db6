import { readFileSync } from 'node:fs'
import { cyclicCosine } from '@audiotag/ensemble'
import { expectClose } from '@audiotag/testkit'
import { describe, expect, test } from 'vitest'

interface Golden {
  schedules: { period: number; max: number; min: number; iterations: number[]; lr: { period: number[]; periodPlusOne: number[] } }[]
  relativeTolerance: number
}
const golden = JSON.parse(readFileSync(new URL('golden/schedules.json', import.meta.url), 'utf8')) as Golden

describe.each(golden.schedules)('period $period, $max to $min', ({ period, max, min, iterations, lr }) => {
  test.each([
    ['period', 0],
    ['periodPlusOne', 1],
  ] as const)('%s', (name, periodOffset) => {
    const rate = cyclicCosine({ maxRate: max, minRate: min, stepsPerCycle: period, periodOffset })
    expectClose(iterations.map(rate), lr[name], { relative: golden.relativeTolerance })
  })
})

test('the two periods differ in the golden values', () => {
  for (const { lr } of golden.schedules) expect(lr.period).not.toEqual(lr.periodPlusOne)
})
