import { expectClose } from '@audiotag/testkit'
import { expect, test } from 'vitest'

test('accepts what is within the tolerance', () => {
  expectClose([1, NaN, Infinity, -0], [1, NaN, Infinity, 0], {})
  expectClose(new Float32Array([1.01]), [1], { absolute: 0.02 })
  expectClose([101], [100], { relative: 0.02 })
})

test('names the worst', () => {
  expect(() => expectClose([1, 2.5, 3.1], [1, 2, 3], { absolute: 0.01 })).toThrow(
    '2 of 3 values are too far off; worst is [1]: 2.5, expected 2',
  )
  expect(() => expectClose([NaN], [1], { absolute: 5 })).toThrow('worst is [0]: NaN')
  expect(() => expectClose([1], [NaN], { absolute: 5 })).toThrow('worst is [0]: 1, expected NaN')
  expect(() => expectClose([1], [Infinity], { relative: 1 })).toThrow('worst is [0]')
  expect(() => expectClose([1], [1, 2], {})).toThrow('lengths differ')
})
