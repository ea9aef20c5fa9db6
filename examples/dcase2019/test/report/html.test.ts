import { expect, test } from 'vitest'
import { formatCount, formatDuration, formatNumber, numberCell } from '../../src/report/format-number.js'
import { html } from '../../src/report/html.js'

test('escapes text, keeps markup, flattens lists, leaves nothing for nothing', () => {
  expect(html`<p title="${'"<&'}">${'<b>'}${html`<i>${'x'}</i>`}${[html`<br />`, null, 1]}${null}${undefined}${false}</p>`.toString()).toBe(
    '<p title="&quot;&lt;&amp;">&lt;b&gt;<i>x</i><br />1</p>',
  )
})

test('an object that only looks like markup is text', () => {
  const sly = { toString: () => '<script>' } as unknown as string
  expect(() => html`${sly}`.toString()).toThrow(TypeError)
})

test('numbers to read', () => {
  expect([0.12345, -0.0001, -0.5, null, undefined, Number.NaN, Infinity].map((value) => formatNumber(value))).toEqual([
    '0.123',
    '0.000',
    '−0.500',
    '–',
    '–',
    '–',
    '–',
  ])
  expect(numberCell(-0.12345).toString()).toBe('<data value="-0.12345">−0.123</data>')
  expect([0, 9.94, 9.96, 59.4, 59.6, 61, 3599.6, 7500, Number.NaN, -1].map(formatDuration)).toEqual([
    '0.0 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 00 s',
    '1 min 01 s',
    '1 h 00 min',
    '2 h 05 min',
    '–',
    '–',
  ])
  expect(formatCount(24_592_224)).toBe('24,592,224')
})
