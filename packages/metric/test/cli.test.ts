import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../bin/lwlrap.js', import.meta.url))
const golden = fileURLToPath(new URL('golden/csv', import.meta.url))

interface Run {
  code: number | null
  stdout: string
  stderr: string
}
const run = (...args: string[]): Run => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: golden, encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

const jsonOf = (...args: string[]): Record<string, unknown> =>
  JSON.parse(run('truth_labels.csv', 'submission.csv', '--json', ...args).stdout) as Record<string, unknown>

let folder = ''
const write = (name: string, content: string | Uint8Array): string => {
  const file = path.join(folder, name)
  writeFileSync(file, content)
  return file
}
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lwlrap-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('results', () => {
  test('a table on stdout, nothing on stderr', () => {
    const { code, stdout, stderr } = run('truth_labels.csv', 'submission.csv')
    expect(stdout).toMatchSnapshot()
    expect([code, stderr]).toEqual([0, ''])
  })

  test('--json', () => {
    const report = JSON.parse(run('truth_labels.csv', 'submission.csv', '--json').stdout) as Record<string, unknown>
    expect(report).toMatchObject({
      overall: expect.closeTo(0.9057291666666666, 12) as number,
      clips: 24,
      clipsWithPositives: 24,
      ties: 'max',
      level: 0.95,
      resamples: 1000,
      interval: { low: expect.any(Number) as number, high: expect.any(Number) as number, standardError: expect.any(Number) as number },
      usage: {
        Public: { overall: expect.closeTo(0.8361111111111111, 12) as number, clips: 11 },
        Private: { overall: expect.closeTo(0.9475, 12) as number, clips: 13 },
      },
      comparison: null,
    })
    expect(report['perClass']).toContainEqual({ label: 'Tick-tock', lwlrap: null, weight: 0, positives: 0 })
    expect(report['perClass']).toContainEqual({ label: 'Meow', lwlrap: 1, weight: 0.0625, positives: 2 })
  })

  test('options: ties, usage, no intervals', () => {
    expect(jsonOf('--ties', 'index')).toMatchObject({ overall: expect.closeTo(0.9203125, 12) as number, ties: 'index' })
    expect(jsonOf('--usage', 'Private', '--resamples=0')).toMatchObject({
      overall: expect.closeTo(0.9475, 12) as number,
      clips: 13,
      interval: null,
      resamples: 0,
    })
    expect(jsonOf('--seed', '1')['interval']).not.toEqual(jsonOf('--seed', '2')['interval'])
    expect(jsonOf('--seed', '1')).toEqual(jsonOf('--seed', '1'))
  })

  test('--compare', () => {
    const { code, stdout } = run('truth_labels.csv', 'submission.csv', '--compare', 'submission.csv')
    expect(stdout).toContain('against 0.9057: +0.0000 (95 % interval 0.0000 to 0.0000, p = 1.0)')
    expect(code).toBe(0)
  })

  test('CRLF, a byte order mark, quotes, another order', () => {
    const truth = write('truth.csv', '\uFEFF"fname","labels"\r\n"a, 1.wav","Bark,Meow"\r\nb.wav,Purr\r\n')
    const scores = write('scores.csv', '\uFEFFfname,Purr,Meow,Bark\r\nb.wav,0.1,0.2,0.3\r\n"a, 1.wav",0.3,0.2,0.4\r\n')
    expect(JSON.parse(run(truth, scores, '--json').stdout)).toMatchObject({
      overall: expect.closeTo((1 + 2 / 3 + 1 / 3) / 3, 12) as number,
    })
  })

  test('--help begins with examples, --version is the package’s', () => {
    const { code, stdout } = run('--help')
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 3).join('\n')).toMatch(/^Usage: lwlrap TRUTH\.csv SCORES\.csv \[options\]\n\n {2}lwlrap /)
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('bad usage: exit 2', () => {
  test.each<[string, string[]]>([
    ["unknown option '--jsn'  (did you mean --json?)", ['truth.csv', 'submission.csv', '--jsn']],
    ["unknown option '--Ties'  (did you mean --ties?)", ['truth.csv', 'submission.csv', '--Ties=max']],
    ["unknown option '-q'", ['-q']],
    ['takes two files, TRUTH.csv and SCORES.csv, got 0', []],
    ['takes two files, TRUTH.csv and SCORES.csv, got 3', ['a', 'b', 'c']],
    ["--ties must be max or index, got 'min'", ['a', 'b', '--ties', 'min']],
    ["--resamples must be an integer of at least 0, got '-1'", ['a', 'b', '--resamples=-1']],
    ["--resamples must be an integer of at least 0, got 'many'", ['a', 'b', '--resamples', 'many']],
    ["--level must be between 0 and 1, got '95'", ['a', 'b', '--level', '95']],
    ["--seed must be an integer, got ''", ['a', 'b', '--seed', '']],
    ['--compare needs --resamples of at least 1', ['a', 'b', '--compare', 'c', '--resamples', '0']],
    ["Option '--ties <value>' argument missing", ['a', 'b', '--ties']],
  ])('%s', (message, args) => {
    const { code, stdout, stderr } = run(...args)
    expect(stderr).toBe(`error: ${message}\nTry lwlrap --help.\n`)
    expect([code, stdout]).toEqual([2, ''])
  })
})

describe('bad files: exit 1', () => {
  test.each<[string, () => string[]]>([
    ['nowhere.csv: there is no such file.', () => ['nowhere.csv', 'submission.csv']],
    ['EISDIR', () => [folder, 'submission.csv']],
    [
      'latin1.csv: must be UTF-8 text. Save it as CSV (UTF-8).',
      () => [write('latin1.csv', Uint8Array.of(0x66, 0xe9, 0x2c)), 'submission.csv'],
    ],
    ['empty.csv: must have a header and rows, got an empty file.', () => [write('empty.csv', ''), 'submission.csv']],
    [
      'bad_score-nan.csv:7: the score of class "Bark" (column 4) must be a finite number, got "NaN".',
      () => ['truth.csv', 'bad_score-nan.csv'],
    ],
    ['bad_clip-twice.csv:26: every clip may have one row', () => ['truth.csv', 'submission.csv', '--compare', 'bad_clip-twice.csv']],
    [
      'none.csv: at least one clip must have a label, got none.',
      () => [write('none.csv', 'fname,Bark\na,0\n'), write('some.csv', 'fname,Bark\na,0.5\n')],
    ],
    ['Are these the scores? The truth comes first.', () => ['submission.csv', 'truth.csv']],
    ['no clip has usage "Secret", there are: Public, Private.', () => ['truth_labels.csv', 'submission.csv', '--usage', 'Secret']],
  ])('%s', (message, args) => {
    const { code, stdout, stderr } = run(...args())
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^error: .*\n$/)
    expect([code, stdout]).toEqual([1, ''])
  })
})
