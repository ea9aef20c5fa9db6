import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { kaggleFiles, tone, wav, writeFiles, zenodoFiles } from './data/make-dataset.js'
import { runProgram } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-bad-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Files = Record<string, string | Uint8Array>

let made = 0
/** A new folder; with `files`, a data set. */
function place(files: Files = {}): string {
  const dir = join(folder, String(made++))
  mkdirSync(dir)
  return writeFiles(dir, files)
}

const config = join(
  place({
    'tiny.json': JSON.stringify({
      name: 'tiny',
      about: 'test',
      folds: { count: 2, seed: 1, train: [0, 1] },
      models: [{ paper: '1', name: 'A', width: 0.0625, slice: 32, batch: 4, cycles: 1, epochsPerCycle: 1, pads: [0] }],
      ensemble: { choose: 'fixed', members: [{ model: 'A', weight: 1, cycles: null, pads: null }] },
    }),
  }),
  'tiny.json',
)
const prepare = (data: string, run: string, ...more: string[]) =>
  runProgram('prepare', '--config', config, '--data', data, '--run', run, '--workers', '0', '--quiet', ...more)

/** 32-bit float WAV, one channel. */
function floatWav(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 4)
  bytes.set(wav([]).subarray(0, 44))
  const view = new DataView(bytes.buffer)
  view.setUint32(4, bytes.length - 8, true)
  view.setUint16(20, 3, true)
  view.setUint32(28, 44100 * 4, true)
  view.setUint16(32, 4, true)
  view.setUint16(34, 32, true)
  view.setUint32(40, samples.length * 4, true)
  samples.forEach((value, i) => view.setFloat32(44 + i * 4, value, true))
  return bytes
}

const withNaN = tone(1)
withNaN[777] = Number.NaN

/** What is wrong, its bytes, and how the message says it. */
const badSounds: [string, Uint8Array, RegExp][] = [
  ['corrupt', new TextEncoder().encode('<html>404 Not Found</html>'), /cannot be decoded/u],
  ['empty', new Uint8Array(), /the file is empty/u],
  ['truncated', wav(tone(1)).subarray(0, 5000), /cannot be decoded/u],
  ['silent', wav(new Float32Array(6000)), /silent/u],
  ['too short', wav(tone(1, 900)), /too short: 900 samples/u],
  ['NaN', floatWav(withNaN), /NaN at sample 777/u],
]

const table = 'train_curated.csv'
const rowsAre = (...rows: string[]): Files => kaggleFiles({ [table]: `fname,labels\nc0.wav,Bark\n${rows.join('\n')}\n` })

/** What is wrong with the tables, the data set, the exit status, and the message. */
const badTables: [string, Files, number, RegExp][] = [
  ['wrong header', kaggleFiles({ [table]: 'file,labels\nc0.wav,Bark\n' }), 1, /train_curated\.csv line 1: no column 'fname'/u],
  ['unknown label', rowsAre('c1.wav,Brak'), 1, /train_curated\.csv line 3: unknown label 'Brak' \(did you mean 'Bark'\?\)/u],
  ['missing file', rowsAre('c1.wav,Bark', 'c9.wav,Bark'), 1, /train_curated\.csv line 4: 'c9\.wav' is not in .*train_curated\b/u],
  ['duplicate name', rowsAre('c1.wav,Bark', 'c0.wav,Meow'), 1, /train_curated\.csv line 4: 'c0\.wav' is on line 2 already/u],
  ['no labels', rowsAre('c1.wav,'), 1, /train_curated\.csv line 3: no labels/u],
  ['an unquoted comma', rowsAre('c1.wav,Bark,Strum'), 1, /train_curated\.csv: .*line 3.*must be quoted/u],
  ['a missing table', kaggleFiles({ 'train_noisy.csv': undefined }), 3, /train_noisy\.csv: no such file/u],
  [
    'a usage that is none',
    { ...zenodoFiles(), 'FSDKaggle2019.meta/test_post_competition.csv': 'fname,labels,usage\nt0.wav,Bark,Secret\n' },
    1,
    /test_post_competition\.csv line 2: usage must be Public or Private, got 'Secret'/u,
  ],
]

describe.concurrent('what cannot be used ends with an error that names it', { timeout: 60_000 }, () => {
  it.each(badSounds)('%s audio: exit 1', async (_, bytes, reason) => {
    const data = place(kaggleFiles({ 'train_noisy/n3.wav': bytes }))
    const { code, stdout, stderr } = await prepare(data, place())
    expect(stderr).toContain(`error: ${join(data, 'train_noisy/n3.wav')}: `)
    expect(stderr).toMatch(reason)
    expect(stderr).toMatch(/Replace the file, or go on without it \(--skip-bad\)/u)
    expect(code).toBe(1)
    expect(stdout).toBe('')
  })

  it.each(badTables)('%s', async (_, files, exit, message) => {
    const data = place(files)
    const { code, stdout, stderr } = await prepare(data, place())
    expect(stderr).toMatch(message)
    expect(stderr).toContain(`error: ${data}`)
    expect(code).toBe(exit)
    expect(stdout).toBe('')
  })
})

describe.concurrent('what is unusual works', { timeout: 60_000 }, () => {
  it('a byte-order mark, CRLF and quotes give the very features of the plain tables', async () => {
    const files = kaggleFiles()
    const quoted = (files[table] as string)
      .trim()
      .split('\n')
      .map((line) => line.replace(/^([^,]+),([^"]+)$/u, '"$1","$2"'))
    expect(quoted).toContain('c2.wav,"Bark,Strum"')
    const odd = { ...files, [table]: `\uFEFF${quoted.join('\r\n')}\r\n` }
    const runs = [place(), place()]
    for (const [i, each] of [files, odd].entries()) expect(await prepare(place(each), runs[i])).toMatchObject({ code: 0, stderr: '' })
    const [plain, other] = runs.map((run) => readFileSync(join(run, 'features/index.json'), 'utf8'))
    expect(other).toBe(plain)
  })

  it('stereo and 8 kHz are mixed and resampled; with a comma in a quoted file name training and submission work', async () => {
    const stereo = tone(3, 12_000)
    const low = Float32Array.from({ length: 2000 }, (_, n) => 0.5 * Math.sin(n / 3))
    const files = kaggleFiles({
      'train_curated/c1.wav': wav(stereo, { channels: 2 }),
      'train_noisy/n1.wav': wav(low, { sampleRate: 8000 }),
    })
    for (const name of ['test.csv', 'sample_submission.csv']) files[name] = (files[name] as string).replace('t1.wav', '"t1, again.wav"')
    files['test/t1, again.wav'] = files['test/t1.wav']
    const run = place()
    const { code, stderr } = await runProgram('run', '--config', config, '--data', place(files), '--run', run, '--workers', '0', '--quiet')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { splits } = JSON.parse(readFileSync(join(run, 'features/index.json'), 'utf8')) as {
      splits: Record<string, { clips: { features: { samples: number } }[] }>
    }
    expect(splits['curated'].clips[1].features.samples).toBe(6000)
    expect(splits['noisy'].clips[1].features.samples).toBe(11_025)
    const names = readFileSync(join(run, 'submission.csv'), 'utf8').match(/^("[^"]*"|[^,\n]*)/gmu)
    expect(names?.filter(Boolean)).toEqual(['fname', 't0.wav', '"t1, again.wav"', 't2.wav', 't3.wav'])
  })
})

describe.concurrent('--skip-bad', { timeout: 60_000 }, () => {
  it('goes on without what is bad, lists it at the end and in run.json; training, scores and submission are of the rest', async () => {
    const files = kaggleFiles()
    const rows = badSounds.map(([, bytes], i) => {
      files[`train_noisy/bad${i}.wav`] = bytes
      return `bad${i}.wav,Meow\n`
    })
    files['train_noisy.csv'] = `${files['train_noisy.csv'] as string}${rows.join('')}gone.wav,Bark\nn0.wav,Bark\n`
    files[table] = `${files[table] as string}c9.wav,Brak\n`
    files['train_curated/c9.wav'] = wav(tone(9))
    files['test/t2.wav'] = wav(new Float32Array(6000))
    const data = place(files)
    const run = place()
    const all = ['run', '--config', config, '--data', data, '--run', run, '--workers', '0']
    const { code, stdout, stderr } = await runProgram(...all, '--skip-bad')
    expect(stderr).toMatch(/✓ prepare: .*10 left out/u)
    expect(code).toBe(0)
    const record = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { stages: { prepare: { problems: string[] } } }
    const { problems } = record.stages.prepare
    expect(problems).toHaveLength(badSounds.length + 4)
    const list = stdout.slice(stdout.indexOf('Left out'))
    const patterns = [
      ...badSounds.map(([, , reason]) => reason),
      /train_noisy\.csv line 13: 'gone\.wav' is not in/u,
      /train_noisy\.csv line 14: 'n0\.wav' is on line 2 already/u,
      /train_curated\.csv line 8: unknown label 'Brak'/u,
      /test\/t2\.wav: silent/u,
    ]
    for (const pattern of patterns) {
      expect(problems.filter((problem) => pattern.test(problem)).length).toBeGreaterThan(0)
      expect(list).toMatch(pattern)
    }
    for (const problem of problems) expect(list.split(problem)).toHaveLength(2)

    // Trained on the clips that are left, scored on the test clips that are left, one row a test clip.
    expect(stdout).toMatch(/model A +\d\.\d{3}/u)
    const { systems } = JSON.parse(readFileSync(join(run, 'evaluation.json'), 'utf8')) as {
      systems: { crossValidation: { clips: number }; test: { All: { clips: number } } }[]
    }
    expect(systems.at(-1)).toMatchObject({ crossValidation: { clips: 6 }, test: { All: { clips: 3 } } })
    const submission = readFileSync(join(run, 'submission.csv'), 'utf8').trim().split('\n')
    expect(submission.map((line) => line.split(',')[0])).toEqual(['fname', 't0.wav', 't1.wav', 't2.wav', 't3.wav'])
    expect(submission[3]).toBe('t2.wav,0,0,0')

    // The list comes again with a run that has nothing left to do; without the flag it is an error again.
    const again = await runProgram(...all, '--skip-bad', '--quiet')
    expect(again.stdout.slice(again.stdout.indexOf('Left out'))).toBe(list)
    expect(again.stderr).toBe('')
    const strict = await runProgram(...all, '--quiet')
    expect(strict.stderr).toMatch(/line 8: unknown label 'Brak'.*and \d+ more; --skip-bad/u)
    expect(strict.code).toBe(1)
  })

  it('a split of which nothing is left is an error, not an empty training', async () => {
    const empty = Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`train_noisy/n${i}.wav`, new Uint8Array()]))
    const run = place()
    const data = place(kaggleFiles(empty))
    const { code, stderr } = await runProgram(
      'run',
      '--config',
      config,
      '--data',
      data,
      '--run',
      run,
      '--workers',
      '0',
      '--quiet',
      '--skip-bad',
    )
    expect(stderr).toMatch(/error: .*noisy.*no clips|error: .*no clips.*noisy/u)
    expect(code).toBe(1)
    expect(existsSync(join(run, 'submission.csv'))).toBe(false)
  })
})
