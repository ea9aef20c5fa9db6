import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'dcase2019-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Writes files by path below `dir`. */
export function writeFiles(dir: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), content)
  }
  return dir
}

/** 16-bit PCM WAV of interleaved samples in [-1, 1). */
export function wav(samples: ArrayLike<number>, { sampleRate = 44100, channels = 1 } = {}): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2)
  const view = new DataView(bytes.buffer)
  const text = (at: number, value: string): void => bytes.set(new TextEncoder().encode(value), at)
  text(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * channels * 2, true)
  view.setUint16(32, channels * 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, samples.length * 2, true)
  for (let i = 0; i < samples.length; i++) view.setInt16(44 + i * 2, Math.round(samples[i] * 32767), true)
  return bytes
}

/** A tone with a little of its own noise, different for every `pitch`. */
export function tone(pitch: number, samples = 6000): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, n) => 0.4 * Math.sin((n * (200 + 37 * pitch)) / 4000) + 0.05 * Math.sin(n * n * (pitch + 1)),
  )
}

const classes = ['Bark', 'Meow', 'Strum']

/** Files of a small data set in Kaggle's layout: 6 curated, 5 noisy, 4 test clips; override or remove (undefined) any file. */
export function kaggleFiles(
  changes: Readonly<Record<string, string | Uint8Array | undefined>> = {},
  { testLabels = true } = {},
): Record<string, string | Uint8Array> {
  const files: Record<string, string | Uint8Array> = {}
  const table = (split: string, prefix: string, count: number): string => {
    const rows = Array.from({ length: count }, (_, i) => {
      files[`${split}/${prefix}${i}.wav`] = wav(tone(i + prefix.charCodeAt(0), 5000 + 700 * i))
      return `${prefix}${i}.wav,${i % 3 === 2 ? '"Bark,Strum"' : classes[i % 3]}`
    })
    return `fname,labels\n${rows.join('\n')}\n`
  }
  files['train_curated.csv'] = table('train_curated', 'c', 6)
  files['train_noisy.csv'] = table('train_noisy', 'n', 5)
  const test = table('test', 't', 4)
  if (testLabels) files['test.csv'] = test
  files['sample_submission.csv'] = `fname,${classes.join(',')}\n${[0, 1, 2, 3].map((i) => `t${i}.wav,0,0,0\n`).join('')}`
  return Object.fromEntries(
    Object.entries({ ...files, ...changes }).filter((entry): entry is [string, string | Uint8Array] => entry[1] !== undefined),
  )
}

/** The same in Zenodo's layout. */
export function zenodoFiles(): Record<string, string | Uint8Array> {
  const kaggle = kaggleFiles()
  const files: Record<string, string | Uint8Array> = {}
  const folders: Record<string, string> = {
    train_curated: 'FSDKaggle2019.audio_train_curated',
    train_noisy: 'FSDKaggle2019.audio_train_noisy',
    test: 'FSDKaggle2019.audio_test',
  }
  for (const [name, content] of Object.entries(kaggle)) {
    const [folder, file] = name.split('/')
    if (file !== undefined) files[`${folders[folder]}/${file}`] = content
  }
  const rows = (name: string): string[] => (kaggle[name] as string).trim().split('\n').slice(1)
  const meta = (name: string, header: string, lines: string[]): void => {
    files[`FSDKaggle2019.meta/${name}`] = `${header}\n${lines.join('\n')}\n`
  }
  meta(
    'train_curated_post_competition.csv',
    'fname,labels,freesound_id,license',
    rows('train_curated.csv').map((row) => `${row},1,CC0`),
  )
  meta(
    'train_noisy_post_competition.csv',
    'fname,labels,flickr_video_URL,license',
    rows('train_noisy.csv').map((row) => `${row},u,"CC-BY, 2.0"`),
  )
  meta(
    'test_post_competition.csv',
    'fname,labels,usage,freesound_id,license',
    rows('test.csv').map((row, i) => `${row},${i < 1 ? 'Public' : 'Private'},1,CC0`),
  )
  files['FSDKaggle2019.meta/vocabulary.csv'] = classes.map((name, index) => `${index},${name}\n`).join('')
  return files
}
