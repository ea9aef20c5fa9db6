import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expectClose, readNpy } from '@audiotag/testkit'
import { lwlrap, LwlrapAccumulator, MetricError, type Matrix } from '@lwrap/metric'
import { describe, expect, test } from 'vitest'

interface Expected {
  overall: number | null
  perClass: (number | null)[]
}
interface Case {
  name: string
  rows: number
  classes: number
  dtype: 'float32' | 'float64'
  truth?: number[][]
  scores?: number[][]
  truthFile?: string
  scoresFile?: string
  expected: Expected & { classWeights: (number | null)[]; classPositives: number[]; rowsWithPositives: number; indexTies: Expected | null }
}
interface Refused {
  name: string
  truth: number[][]
  scores: (number | string)[][]
}

const folder = new URL('golden/', import.meta.url)
const { cases, errors } = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as { cases: Case[]; errors: Refused[] }
const npy = (path: string): Matrix => readNpy(gunzipSync(readFileSync(new URL(`${path}.gz`, folder)))).data
const tolerance = { absolute: 1e-12 }
const orNaN = (values: readonly (number | null)[]): number[] => values.map((value) => value ?? NaN)

test('all cases are here', () => {
  expect([cases.length, errors.length]).toEqual([32, 8])
})

describe.each(cases)('$name', ({ rows, classes, dtype, expected, ...files }) => {
  const truth = files.truth?.flat() ?? npy(files.truthFile ?? '')
  const given = files.scores?.flat() ?? npy(files.scoresFile ?? '')
  const scores = dtype === 'float32' ? Float32Array.from(given as number[]) : given

  test('ties: max', () => {
    const result = lwlrap(truth, scores, { classes })
    expectClose([result.overall], orNaN([expected.overall]), tolerance)
    expectClose(result.perClass, orNaN(expected.perClass), tolerance)
    expectClose(result.weights, orNaN(expected.classWeights), tolerance)
    expect([...result.positives]).toEqual(expected.classPositives)
    expect([result.clips, result.clipsWithPositives]).toEqual([rows, expected.rowsWithPositives])
  })

  test('ties: index', () => {
    const { overall, perClass } = expected.indexTies ?? expected
    const result = lwlrap(truth, scores, { classes, ties: 'index' })
    expectClose([result.overall], orNaN([overall]), tolerance)
    expectClose(result.perClass, orNaN(perClass), tolerance)
  })

  test('clip by clip, the same bits', () => {
    const accumulator = new LwlrapAccumulator({ classes })
    const [truths, allScores] = [Float64Array.from(truth as number[]), Float64Array.from(scores as number[])]
    for (let row = 0; row < rows; row++) {
      const [start, end] = [row * classes, (row + 1) * classes]
      accumulator.add(truths.subarray(start, end), allScores.subarray(start, end))
    }
    expect(accumulator.result()).toEqual(lwlrap(truth, scores, { classes }))
  })
})

test.each(errors)('refuses $name', ({ truth, scores }) => {
  const values = scores.map((row) => row.map((value) => (typeof value === 'string' ? Number(value) : value)))
  expect(() => lwlrap(truth, values)).toThrow(MetricError)
})
