import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { createClipReader } from '../../dist/data/clip-files.js'
import { openDataset } from '../../dist/data/dataset.js'
import { csvTable } from '../../dist/data/csv-table.js'
import { kaggleFiles, temporaryFolder, writeFiles, zenodoFiles } from './make-dataset.js'

const miniFsd = fileURLToPath(new URL('../../data/minifsd-open', import.meta.url))
const dataset = (files: Record<string, string | Uint8Array>): string => writeFiles(temporaryFolder(), files)

describe('layouts', () => {
  it('MiniFSD as it ships: counts, vocabulary, labels, and every clip is the recorded one', async () => {
    const { layout, classes, curated, noisy, test, problems } = await openDataset(miniFsd)
    expect({ layout, curated: curated.length, noisy: noisy.length, test: test.length, problems }).toEqual({
      layout: 'minifsd',
      curated: 160,
      noisy: 400,
      test: 160,
      problems: [],
    })
    expect(classes).toHaveLength(10)
    expect(classes).toEqual([...classes].sort())
    expect([...curated, ...noisy, ...test].every((clip) => clip.kept && clip.labels!.length > 0)).toBe(true)
    const reader = createClipReader()
    const meta = csvTable(`${miniFsd}/meta/test.csv`, ['fname', 'sha256'])
    for (const [index, row] of meta.rows.entries()) {
      const bytes = await reader.read(test[index].file!)
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.fields[meta.columns.indexOf('sha256')])
    }
  })

  it('Kaggle: the test rows are those of the sample submission, without labels', async () => {
    const { layout, classes, curated, test } = await openDataset(dataset(kaggleFiles({}, { testLabels: false })))
    expect(layout).toBe('kaggle')
    expect(classes).toEqual(['Bark', 'Meow', 'Strum'])
    expect(curated[2].labels).toEqual(['Bark', 'Strum'])
    expect(test.map(({ name, labels }) => ({ name, labels }))).toEqual([0, 1, 2, 3].map((i) => ({ name: `t${i}.wav`, labels: null })))
  })

  it('Zenodo: usage, further columns, vocabulary without header', async () => {
    const { layout, classes, test, noisy } = await openDataset(dataset(zenodoFiles()))
    expect(layout).toBe('zenodo')
    expect(classes).toEqual(['Bark', 'Meow', 'Strum'])
    expect(test.map((clip) => clip.usage)).toEqual(['Public', 'Private', 'Private', 'Private'])
    expect(noisy[2].labels).toEqual(['Bark', 'Strum'])
  })

  it('the class order is the one of the submission, not the alphabet', async () => {
    const { classes } = await openDataset(
      dataset(kaggleFiles({ 'sample_submission.csv': 'fname,Strum,Bark,Meow\n' }, { testLabels: true })),
      { skipBad: true },
    )
    expect(classes).toEqual(['Strum', 'Bark', 'Meow'])
  })

  it('clips known to be bad stay as rows, marked', async () => {
    const files = kaggleFiles({}, { testLabels: false })
    files['train_curated/f76181c4.wav'] = files['train_curated/c0.wav']
    files['train_curated.csv'] = `${files['train_curated.csv'] as string}f76181c4.wav,Bark\n`
    const { curated } = await openDataset(dataset(files))
    expect(curated).toHaveLength(7)
    expect(curated.filter((clip) => !clip.kept)).toMatchObject([
      { name: 'f76181c4.wav', labels: ['Bark'], reason: 'known to be bad: wrong label' },
    ])
  })
})

describe('tables', () => {
  it('a byte-order mark, CRLF, blank lines, other column order and a further column change nothing', async () => {
    const files = kaggleFiles()
    const plain = await openDataset(dataset(files))
    const odd = (files['train_curated.csv'] as string)
      .trim()
      .split('\n')
      .map((line) => {
        const [fname, ...labels] = line.split(',')
        return `${labels.join(',')},"x, ""y""",${fname}`
      })
      .join('\r\n')
    const { curated } = await openDataset(dataset({ ...files, 'train_curated.csv': `\uFEFF${odd.replace('x, ""y""', 'note')}\r\n\r\n` }))
    const bare = (clips: typeof curated): unknown => clips.map(({ name, labels }) => ({ name, labels }))
    expect(bare(curated)).toEqual(bare(plain.curated))
  })

  it('lines are counted over quoted line ends', () => {
    const dir = dataset({ 'a.csv': 'fname,labels\r\na,"x\r\ny"\r\nb,z\r\n' })
    expect(csvTable(`${dir}/a.csv`, ['fname']).rows.map((row) => row.line)).toEqual([2, 4])
  })
})

const curatedRow = (row: string): Record<string, string | Uint8Array> =>
  kaggleFiles({ 'train_curated.csv': `fname,labels\nc0.wav,Bark\n${row}\n` })

describe('bad input names file, line and the way out', () => {
  it.each<[string, Record<string, string | Uint8Array>, string, RegExp]>([
    [
      'wrong header',
      kaggleFiles({ 'train_curated.csv': 'fname,lables\nc0.wav,Bark\n' }),
      'csv-header',
      /train_curated\.csv line 1: no column 'labels' in the header 'fname,lables'\. Expected fname,labels/,
    ],
    ['no header', kaggleFiles({ 'train_noisy.csv': 'n0.wav,Bark\n' }), 'csv-header', /train_noisy\.csv line 1: no column 'fname'/],
    ['empty table', kaggleFiles({ 'train_noisy.csv': '' }), 'csv-header', /train_noisy\.csv: the file is empty/],
    ['only a header', kaggleFiles({ 'train_noisy.csv': 'fname,labels\n' }), 'csv', /train_noisy\.csv: has a header and no rows/],
    [
      'column twice',
      kaggleFiles({ 'train_noisy.csv': 'fname,labels,labels\nn0.wav,Bark,Bark\n' }),
      'csv-header',
      /'labels' is there twice/,
    ],
    ['unquoted comma', curatedRow('c1.wav,Bark,Strum'), 'csv', /train_curated\.csv: .*line 3.*must be quoted/],
    ['unclosed quote', curatedRow('c1.wav,"Bark'), 'csv', /train_curated\.csv: .*line 3/],
    ['binary', kaggleFiles({ 'train_curated.csv': new Uint8Array([0x50, 0x4b, 0, 0, 3]) }), 'csv', /not a text file/],
    [
      'unknown label',
      curatedRow('c1.wav,Brak'),
      'unknown-label',
      /train_curated\.csv line 3: unknown label 'Brak' \(did you mean 'Bark'\?\)/,
    ],
    ['unknown label of several', curatedRow('c1.wav,"Bark,Zebra"'), 'unknown-label', /line 3: unknown label 'Zebra'/],
    ['label twice', curatedRow('c1.wav,"Bark,Bark"'), 'csv-value', /line 3: label 'Bark' is given twice/],
    ['empty labels', curatedRow('c1.wav,'), 'empty-labels', /line 3: no labels/],
    ['duplicate name', curatedRow('c0.wav,Meow'), 'duplicate-name', /line 3: 'c0\.wav' is on line 2 already/],
    ['missing file', curatedRow('gone.wav,Meow'), 'missing-file', /line 3: 'gone\.wav' is not in .*train_curated/],
    ['a path as name', curatedRow('../c1.wav,Meow'), 'csv-value', /line 3: fname must be a plain file name/],
    [
      'submission of other clips',
      kaggleFiles({ 'sample_submission.csv': 'fname,Bark,Meow,Strum\nx.wav,0,0,0\n' }),
      'csv-value',
      /'x\.wav' is not in .*test\.csv/,
    ],
    ['class twice', kaggleFiles({ 'sample_submission.csv': 'fname,Bark,Meow,Bark\n' }), 'csv-header', /'Bark' is there twice/],
    ['missing table', kaggleFiles({ 'train_noisy.csv': undefined }), 'missing-data', /train_noisy\.csv: no such file/],
    [
      'vocabulary misnumbered',
      { ...zenodoFiles(), 'FSDKaggle2019.meta/vocabulary.csv': '0,Bark\n2,Meow\n' },
      'csv-value',
      /vocabulary\.csv line 2: expected 1,LABEL/,
    ],
    [
      'usage',
      { ...zenodoFiles(), 'FSDKaggle2019.meta/test_post_competition.csv': 'fname,labels,usage\nt0.wav,Bark,public\n' },
      'csv-value',
      /test_post_competition\.csv line 2: usage must be Public or Private, got 'public'/,
    ],
  ])('%s', async (_, files, code, message) => {
    await expect(openDataset(dataset(files))).rejects.toMatchObject({
      name: 'DataError',
      code,
      message: expect.stringMatching(message) as string,
    })
  })

  it('no data set there', async () => {
    await expect(openDataset('/nowhere/at/all')).rejects.toMatchObject({ code: 'missing-data' })
    await expect(openDataset(dataset({ 'readme.txt': '' }))).rejects.toMatchObject({
      code: 'missing-data',
      message: expect.stringMatching(/neither train_curated\.csv.*Found: readme\.txt/) as string,
    })
    const files = Object.fromEntries(Object.entries(kaggleFiles()).filter(([name]) => !name.startsWith('test/')))
    await expect(openDataset(dataset(files))).rejects.toMatchObject({
      code: 'missing-data',
      message: expect.stringContaining('test.zip') as string,
    })
  })

  it('skipBad keeps the rows, marked, and lists everything', async () => {
    const files = curatedRow('c1.wav,Brak\ngone.wav,Meow\nc0.wav,Bark\nc2.wav,\nc3.wav,Strum')
    const { curated, problems } = await openDataset(dataset(files), { skipBad: true })
    expect(curated.map((clip) => [clip.name, clip.kept])).toEqual([
      ['c0.wav', true],
      ['c1.wav', false],
      ['gone.wav', false],
      ['c2.wav', false],
      ['c3.wav', true],
    ])
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['unknown-label', 3],
      ['missing-file', 4],
      ['duplicate-name', 5],
      ['empty-labels', 6],
    ])
    await expect(openDataset(dataset(files))).rejects.toThrow('and 3 more')
  })
})

it('the shipped sounds carry their licences', () => {
  expect(readFileSync(`${miniFsd}/LICENSES.md`, 'utf8')).toMatch(/^# Licences of MiniFSD-open/)
})
