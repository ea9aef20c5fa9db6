import { checkValue } from '@audiotag/testkit'
import { describe, expect, test } from 'vitest'

const evaluate = (): never => {
  throw new RangeError('too big: 3')
}

describe('what an example may say', () => {
  test.each([
    [[0.75], '0.75'],
    [[new Float64Array([1, NaN])], '[1, NaN]'],
    [[new Float64Array([1, NaN])], 'Float64Array(2) [ 1, NaN ]'],
    [['hello'], 'hello'],
    [['hello'], "'hello'"],
    [[{ a: [1, 2] }], '{ a: [1, 2] }'],
    [['bins', 128], 'bins 128'],
    [[0.7361], '≈ 0.736'],
    [[[0.7361, -2]], '≈ [0.736, -2]'],
    [[1.2345e-7], '≈ 1.23e-7'],
  ])('%j is %s', async (values, text) => {
    await checkValue(() => values, text, 'here')
  })

  test.each([
    [[0.75], '0.76'],
    [[0.75], '0.7500001'],
    [['hello'], 'help'],
    [[[1, 2]], '[1]'],
    [[0.7366], '≈ 0.736'],
    [[[0.736, 1]], '≈ [0.736]'],
    [[NaN], '≈ 0.7'],
    [['x'], '≈ 0.7'],
    [[{ a: 1 }], '≈ { b: 1 }'],
    [[1], 'throws'],
  ])('%j is not %s', async (values, text) => {
    await expect(checkValue(() => values, text, 'README.md:3')).rejects.toThrow(/^README\.md:3: /)
  })

  test('throws compares the start of name and message', async () => {
    await checkValue(evaluate, 'throws RangeError: too big', 'here')
    await checkValue(evaluate, 'throws', 'here')
    await expect(checkValue(evaluate, 'throws TypeError', 'here')).rejects.toThrow(
      'threw RangeError: too big: 3, the example says TypeError',
    )
  })
})
