import { describeWithPython } from '@audiotag/testkit'
import { expect, test, vi } from 'vitest'

const printed: string[] = []
const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
  printed.push(String(text))
  return true
})
let ran = 0
describeWithPython('a suite of no Python', ['surely_no_such_module'], () => {
  test('does not run', () => {
    ran++
    throw new Error('this test must be skipped')
  })
})
spy.mockRestore()

test('without the modules the suite is skipped, and one line says why', () => {
  expect(ran).toBe(0)
  expect(printed).toHaveLength(1)
  expect(printed[0]).toMatch(/^a suite of no Python: skipped, .+ has not surely_no_such_module \(.+\)\. Name another in AUDIOTAG_PYTHON\n$/)
})

describeWithPython('a suite of any Python', ['json'], (python) => {
  test('what Python prints is returned, what it fails with is thrown', () => {
    expect(python('-c', 'import json, sys; print(json.dumps(sys.argv[1:]))', 'a', 'b').trim()).toBe('["a", "b"]')
    expect(() => python('-c', 'raise SystemExit("no luck")')).toThrow('no luck')
  })
})
