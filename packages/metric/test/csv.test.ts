import { readFileSync } from 'node:fs'
import { expectClose } from '@audiotag/testkit'
import { lwlrap, MetricError } from '@lwrap/metric'
import { alignCsv, readScoresCsv, readTruthCsv } from '@lwrap/metric/csv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

interface Golden {
  classes: string[]
  truth: string
  truthLabels: string
  submission: string
  errors: string[]
  expected: Record<string, { clips: number; overall: number; perClass: (number | null)[]; classPositives: number[] }>
}

const folder = new URL('golden/', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, folder), 'utf8')
const golden = JSON.parse(text('csv.json')) as Golden

const failure = (fn: () => unknown): string => {
  try {
    fn()
  } catch (error) {
    if (error instanceof MetricError) return `${error.code} ${error.message}`
    throw error
  }
  return 'nothing was thrown'
}
const truthError = (csv: string): string => failure(() => readTruthCsv(csv, 'truth.csv'))
const scoresError = (csv: string): string => failure(() => readScoresCsv(csv, 'scores.csv'))

const quote = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)

describe('golden files', () => {
  const scores = readScoresCsv(text(golden.submission))

  test.each([golden.truth, golden.truthLabels])('%s and its submission, rows and columns by name', (path) => {
    const { classes, truth, scores: aligned } = alignCsv(readTruthCsv(text(path)), scores, { classes: golden.classes })
    const result = lwlrap(truth, aligned, { classes: classes.length })
    expectClose([result.overall], [golden.expected['All'].overall], { absolute: 1e-12 })
    expectClose(
      result.perClass,
      golden.expected['All'].perClass.map((value) => value ?? NaN),
      { absolute: 1e-12 },
    )
  })

  test.each(['Public', 'Private'])('%s alone', (usage) => {
    const {
      classes,
      truth,
      scores: aligned,
      clips,
    } = alignCsv(readTruthCsv(text(golden.truthLabels)), scores, { classes: golden.classes, usage })
    const expected = golden.expected[usage]
    const result = lwlrap(truth, aligned, { classes: classes.length })
    expect(clips.length).toBe(expected.clips)
    expectClose([result.overall], [expected.overall], { absolute: 1e-12 })
    expect([...result.positives]).toEqual(expected.classPositives)
  })

  test.each(golden.errors.flatMap((path) => [[path, golden.truth] as const, [path, golden.truthLabels] as const]))(
    '%s against %s',
    (path, truthPath) => {
      const message = failure(() => alignCsv(readTruthCsv(text(truthPath), 'truth.csv'), readScoresCsv(text(path), 'scores.csv')))
      expect(message).toMatchSnapshot()
      expect(message).toMatch(/^METRIC_CSV (scores|truth)\.csv/)
    },
  )
})

describe('what the reader takes', () => {
  const expected = { classes: ['Bark', 'Meow, loud'], clips: ['a "1".wav', 'b.wav'], scores: Float64Array.of(0.5, 1, -2, 3e-4) }

  test.each([
    ['LF', 'fname,Bark,"Meow, loud"\n"a ""1"".wav",0.5,1\nb.wav,-2,3e-4\n'],
    ['no line end at the end', 'fname,Bark,"Meow, loud"\n"a ""1"".wav",0.5,1\nb.wav,-2,3e-4'],
    ['CRLF', 'fname,Bark,"Meow, loud"\r\n"a ""1"".wav",0.5,1\r\nb.wav,-2,3e-4\r\n'],
    ['byte order mark', '\uFEFFfname,Bark,"Meow, loud"\n"a ""1"".wav",0.5,1\nb.wav,-2,3e-4\n'],
    ['all quoted', '"fname","Bark","Meow, loud"\n"a ""1"".wav","0.5","1"\n"b.wav","-2","3e-4"'],
    ['blank lines at the end', 'fname,Bark,"Meow, loud"\n"a ""1"".wav",.5,+1.\nb.wav,-2,3E-4\n\r\n\n'],
    ['name of the clip elsewhere', 'Bark,fname,"Meow, loud"\n0.5,"a ""1"".wav",1\n-2,b.wav,0.0003'],
  ])('%s', (_, csv) => {
    expect(readScoresCsv(csv)).toMatchObject(expected)
  })

  test('labels: quoted commas, spaces, none; other columns', () => {
    const csv = 'fname,labels,usage,freesound_id,license\na.wav,"Bark, Meow",Public,1,CC0\nb.wav,,Private,2,"CC, BY"\n'
    expect(readTruthCsv(csv)).toEqual({
      file: 'truth.csv',
      clips: ['a.wav', 'b.wav'],
      lines: [2, 3],
      labels: [['Bark', 'Meow'], []],
      classes: null,
      usage: ['Public', 'Private'],
    })
  })

  test('one column per class, with usage between', () => {
    expect(readTruthCsv('fname,Bark,usage,Meow\na.wav,1,Public,0.0\nb.wav, 0,Private,1.0')).toMatchObject({
      labels: [['Bark'], ['Meow']],
      classes: ['Bark', 'Meow'],
      usage: ['Public', 'Private'],
    })
  })

  test('lines are counted through fields of several lines', () => {
    expect(readScoresCsv('fname,"Ba\nrk"\n"a\nb",1\nc,2').lines).toEqual([3, 5])
  })

  test('whatever is written comes back', () => {
    const name = fc
      .string({ unit: fc.constantFrom('a', 'B', ',', '"', '\n', '\r\n', ' ', 'é', '𝄞'), minLength: 1, maxLength: 8 })
      .filter((value) => value.trim() !== '')
    const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    const table = fc
      .tuple(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), fc.uniqueArray(name, { minLength: 1, maxLength: 5 }))
      .chain(([classes, clips]) =>
        fc.tuple(
          fc.constant(classes),
          fc.constant(clips),
          fc.array(number, { minLength: classes.length * clips.length, maxLength: classes.length * clips.length }),
        ),
      )
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), ([classes, clips, scores], lineEnd) => {
        fc.pre(!classes.includes('fname'))
        const rows = clips.map((clip, row) => [clip, ...scores.slice(row * classes.length, (row + 1) * classes.length).map(String)])
        const csv = [['fname', ...classes], ...rows].map((row) => row.map(quote).join(',')).join(lineEnd)
        const result = readScoresCsv(csv)
        expect(result.classes).toEqual(classes)
        expect(result.clips).toEqual(clips)
        expect([...result.scores].map(String)).toEqual(scores.map(String)) // String(-0) is "0"
      }),
    )
  })
})

describe('what it refuses', () => {
  test('any text is read or refused with a MetricError', () => {
    const piece = fc.constantFrom(
      'fname',
      'labels',
      'usage',
      'Bark',
      '0',
      '1',
      '0.5',
      'a',
      '"',
      '""',
      ',',
      '\n',
      '\r\n',
      '\r',
      '\uFEFF',
      '\0',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        for (const read of [readTruthCsv, readScoresCsv]) {
          const message = failure(() => read(pieces.join(''), 'x.csv'))
          expect(message).toMatch(/^(nothing was thrown|METRIC_CSV x\.csv(:\d+)?: .*\.)/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test.each<[string, string]>([
    ['scores.csv: must have a header and rows, got an empty file.', ''],
    ['scores.csv: must have a header and rows, got an empty file.', '\uFEFF\n\n'],
    ['scores.csv: must have at least one row below the header.', 'fname,Bark\n'],
    ['scores.csv:1: the header must name at least two columns, got "fname;Bark". Columns are separated by commas.', 'fname;Bark\na;1'],
    ['scores.csv:1: the header must name at least two columns, got "a\\u000ab". Columns', '"a\nb"\n'],
    ['scores.csv:1: column 3 has no name.', 'fname,Bark,\na,1,2'],
    ['scores.csv:1: column names must be unique, got "Bark" in columns 2 and 3.', 'fname,Bark,Bark\na,1,2'],
    ['scores.csv:3: every row must have 2 fields, as the header, got 3.', 'fname,Bark\na,1\nb,1,2'],
    ['scores.csv:3: every row must have 2 fields, as the header, got 1.', 'fname,Bark\na,1\n\nb,2'],
    ['scores.csv:2: a quote opens here and is never closed.', 'fname,Bark\n"a,1\nb,2\n'],
    ['scores.csv:2: a quote stands inside a field that does not begin with one.', 'fname,Bark\na"b",1'],
    ['scores.csv:2: a comma or the end of the line must follow a closing quote, got "x".', 'fname,Bark\n"a"x,1'],
    ['scores.csv:1: a carriage return must be followed by a line feed.', 'fname,Bark\ra,1\r'],
    ['scores.csv: must be UTF-8 text, got zero bytes.', 'f\0n\0a\0m\0e\0'],
    ['scores.csv:2: column "fname" must name the clip, got nothing.', 'fname,Bark\n,1'],
    ['scores.csv:3: every clip may have one row, got "a" again (first on line 2).', 'fname,Bark\na,1\na,2'],
    ['scores.csv:2: the score of class "Bark" (column 2) must be a finite number, got "1e999".', 'fname,Bark\na,1e999'],
    ['scores.csv:2: the score of class "Bark" (column 2) must be a finite number, got "-inf".', 'fname,Bark\na,-inf'],
    ['scores.csv:2: the score of class "Bark" (column 2) must be a finite number, got "0x10".', 'fname,Bark\na,0x10'],
    ['scores.csv:2: the score of class "Bark" (column 2) must be a finite number, got "1,5".', 'fname,Bark\na,"1,5"'],
  ])('%s', (message, csv) => {
    expect(scoresError(csv)).toContain(`METRIC_CSV ${message}`)
  })

  test.each<[string, string]>([
    ['truth.csv:2: class "Bark" (column 2) must be 0 or 1, got "0.3". Are these the scores? The truth comes first.', 'fname,Bark\na,0.3'],
    ['truth.csv:2: class "Bark" (column 2) must be 0 or 1, got "".', 'fname,Bark\na,'],
    ['truth.csv:2: label "Bark" stands there twice.', 'fname,labels\na,"Bark,Bark"'],
    ['truth.csv:2: labels must be names separated by commas, got "Bark,".', 'fname,labels\na,"Bark,"'],
    ['truth.csv:3: every row must have 2 fields, as the header, got 3.', 'fname,labels\na,Bark\nb,Bark,Meow'],
    ['truth.csv:2: column "usage" is empty.', 'fname,labels,usage\na,Bark,'],
    ['truth.csv:1: there must be a column "labels" or one column per class.', 'fname,usage\na,Public'],
    ['truth.csv:1: there must be a column with the names of the clips, "fname"', 'labels,usage\nBark,Public'],
  ])('%s', (message, csv) => {
    expect(truthError(csv)).toContain(`METRIC_CSV ${message}`)
  })

  test('clips and classes that do not fit', () => {
    const scores = readScoresCsv('fname,Bark,Meow\na,1,2\nb,3,4')
    const align = (csv: string, options = {}): string => failure(() => alignCsv(readTruthCsv(csv), scores, options))
    expect(align('fname,labels\na,Bark\nb,Meov')).toContain(
      'truth.csv:3: label "Meov" has no column in scores.csv, so it cannot be scored. Did you mean "Meow"?',
    )
    expect(align('fname,Bark,Meov\na,1,0\nb,0,1')).toContain('scores.csv:1: class "Meow" is not in truth.csv. Did you mean "Meov"?')
    expect(align('fname,Bark,Meow,Purr\na,1,0,0\nb,0,1,0')).toContain(
      'scores.csv:1: there must be a column for every class of truth.csv, missing: Purr.',
    )
    expect(align('fname,labels\na,Bark')).toContain('scores.csv:3: clip "b" is not in truth.csv.')
    expect(align('fname,labels\na.wav,Bark\nb.wav,Meow')).toContain(
      'scores.csv: 2 of 2 clips of truth.csv are missing: a.wav (line 2 there), b.wav (line 3 there). It has "a" (line 2), which truth.csv has not.',
    )
    expect(align('fname,labels\na,Bark\nb,Meow', { usage: 'Public' })).toContain(
      'truth.csv:1: there is no column "usage" to take "Public" from.',
    )
    expect(align('fname,labels,usage\na,Bark,Public\nb,Meow,Private', { usage: 'public' })).toContain(
      'no clip has usage "public", there are: Public, Private. Did you mean "Public"?',
    )
  })

  test('usage: scores may leave out the other clips', () => {
    const truth = readTruthCsv('fname,labels,usage\na,Bark,Public\nb,Meow,Private')
    expect(alignCsv(truth, readScoresCsv('fname,Bark,Meow\nb,1,2'), { usage: 'Private' })).toMatchObject({
      clips: ['b'],
      usage: ['Private'],
    })
    expect(failure(() => alignCsv(truth, readScoresCsv('fname,Bark,Meow\nb,1,2')))).toContain(
      'one clip of truth.csv is missing: a (line 2 there).',
    )
  })
})
