import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { dcase2019, decodeNpy, melSpectrogram, readWav } from '@audiotag/melspec'
import { describe, expect, it } from 'vitest'

import { openDataset } from '../../dist/data/dataset.js'
import { openFeatures } from '../../dist/data/features.js'
import { prepare } from '../../dist/data/prepare.js'
import type { PrepareOptions, PrepareResult } from '../../dist/data/prepare.js'
import { kaggleFiles, temporaryFolder, tone, wav, writeFiles, zenodoFiles } from './make-dataset.js'

const small = { sampleRate: 44100, mel: dcase2019({ mels: 16 }), waveform: true }

/** 70 curated clips, so that there are several shards. */
function manyClips(changes: Record<string, string | Uint8Array> = {}): string {
  const files = kaggleFiles()
  const names = Array.from({ length: 70 }, (_, i) => `m${i}.wav`)
  files['train_curated.csv'] = `fname,labels\n${names.map((name) => `${name},Bark\n`).join('')}`
  names.forEach((name, i) => (files[`train_curated/${name}`] = wav(tone(i, 3000 + 50 * i))))
  return writeFiles(temporaryFolder(), { ...files, ...changes })
}

async function prepareFolder(dir: string, out: string, options: Partial<PrepareOptions> = {}): Promise<PrepareResult> {
  const dataset = await openDataset(dir, { skipBad: options.skipBad ?? false })
  return prepare({ dataset, out, features: small, workers: 0, ...options })
}

const contents = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, readFileSync(join(dir, name)).toString('base64')]),
  )

describe('prepare', { timeout: 60_000 }, () => {
  it('the number of workers changes no byte; where the data lies neither', async () => {
    const dir = manyClips()
    const moved = join(temporaryFolder(), 'elsewhere')
    cpSync(dir, moved, { recursive: true })
    const outs = [0, 1, 3].map(() => join(temporaryFolder(), 'features'))
    const hashes = [
      await prepareFolder(dir, outs[0], { workers: 0 }),
      await prepareFolder(dir, outs[1], { workers: 1 }),
      await prepareFolder(moved, outs[2], { workers: 3 }),
    ].map((result) => result.hash)
    expect(new Set(hashes).size).toBe(1)
    const [first, ...others] = outs.map(contents)
    expect(Object.keys(first)).toContain('curated-0002.mel.npy')
    for (const other of others) expect(other).toEqual(first)
  })

  it('gives melspec’s numbers: mel in power, samples as decoded', async () => {
    const dir = writeFiles(temporaryFolder(), kaggleFiles())
    const out = join(temporaryFolder(), 'features')
    await prepareFolder(dir, out)
    const store = openFeatures(out)
    for (const split of ['curated', 'noisy', 'test'] as const) {
      store.splits[split].names.forEach((name, place) => {
        const [samples] = readWav(readFileSync(join(dir, split === 'test' ? 'test' : `train_${split}`, name))).channelData
        expect(store.waveform(split, place)).toEqual({ samples, sampleRate: 44100 })
        expect(store.get(split, place)).toEqual(melSpectrogram(samples, small.mel))
        expect(store.splits[split].about(place)).toEqual({
          bins: 16,
          frames: 1 + Math.floor(samples.length / 347),
          samples: samples.length,
          sampleRate: 44100,
        })
      })
    }
    store.close()
    const [file] = readdirSync(out).filter((name) => name.endsWith('.mel.npy'))
    expect(decodeNpy(readFileSync(join(out, file))).shape).toHaveLength(1)
  })

  it('reads the shipped Ogg Vorbis clips in threads', async () => {
    const dir = fileURLToPath(new URL('../../data/minifsd-open', import.meta.url))
    const dataset = await openDataset(dir)
    const few = { ...dataset, curated: dataset.curated.slice(0, 40), noisy: dataset.noisy.slice(0, 5), test: dataset.test.slice(0, 5) }
    const out = join(temporaryFolder(), 'features')
    await prepare({ dataset: few, out, workers: 2 })
    const meta = readFileSync(join(dir, 'meta/curated.csv'), 'utf8').split('\n').slice(1)
    const store = openFeatures(out, { input: 'waveform' })
    for (let place = 0; place < 40; place++) {
      const seconds = Number(/(?:single|mix|pair|[a-z_]+),(\d+\.\d{3}),/.exec(meta[place])?.[1])
      expect(store.get('curated', place).samples.length / 44100).toBeCloseTo(seconds, 2)
    }
    store.close()
  })

  it('done already, it returns at once, reports everything as done and touches nothing', async () => {
    const dir = manyClips()
    const out = join(temporaryFolder(), 'features')
    const first = await prepareFolder(dir, out)
    expect(first.alreadyDone).toBe(false)
    const before = readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs)
    const progress: unknown[] = []
    const second = await prepareFolder(dir, out, { onProgress: (now) => progress.push(now) })
    expect(second).toEqual({ ...first, alreadyDone: true })
    expect(progress).toEqual([{ clips: 79, total: 79 }])
    expect(readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs)).toEqual(before)
  })

  it('goes on after a kill in the middle: shards that are done are not made again, the bytes are those of an unbroken run', async () => {
    const dir = manyClips()
    const [out, broken] = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b')]
    await prepareFolder(dir, out)
    cpSync(out, broken, { recursive: true })
    // As kill -9 leaves it: no index, one shard not begun, one without its mark, one half written beside, one cut short on disk.
    rmSync(join(broken, 'index.json'))
    for (const name of ['curated-0001.json', 'curated-0001.mel.npy', 'curated-0001.waveform.npy', 'noisy-0000.json'])
      rmSync(join(broken, name))
    writeFileSync(join(broken, 'curated-0001.mel.npy.999999999.part'), 'half')
    writeFileSync(join(broken, 'test-0000.waveform.npy'), readFileSync(join(out, 'test-0000.waveform.npy')).subarray(0, 5000))
    const kept = statSync(join(broken, 'curated-0000.mel.npy')).mtimeMs
    const seen: number[] = []
    await prepareFolder(dir, broken, { workers: 2, onProgress: ({ clips }) => seen.push(clips) })
    expect(seen[0]).toBe(32 + 6)
    expect(seen.at(-1)).toBe(79)
    expect(statSync(join(broken, 'curated-0000.mel.npy')).mtimeMs).toBe(kept)
    expect(contents(broken)).toEqual(contents(out))
  })

  it('killed with SIGKILL in the middle, the same call goes on to the bytes of an unbroken run', async () => {
    const dir = manyClips()
    const [out, broken] = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b')]
    const script = `
      import { openDataset } from ${JSON.stringify(new URL('../../dist/data/dataset.js', import.meta.url))}
      import { prepare } from ${JSON.stringify(new URL('../../dist/data/prepare.js', import.meta.url))}
      const dataset = await openDataset(${JSON.stringify(dir)})
      await prepare({ dataset, out: ${JSON.stringify(broken)}, features: ${JSON.stringify(small)}, workers: 1, onProgress: ({ clips }) => console.log(clips) })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8')
    for await (const text of child.stdout) if ((text as string).split('\n').some((line) => Number(line) >= 40)) child.kill('SIGKILL')
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
    expect(existsSync(join(broken, 'index.json'))).toBe(false)
    expect(existsSync(join(broken, 'curated-0000.json'))).toBe(true)
    const first: number[] = []
    await prepareFolder(dir, broken, { onProgress: ({ clips }) => first.push(clips) })
    expect(first[0]).toBeGreaterThanOrEqual(32)
    await prepareFolder(dir, out)
    expect(contents(broken)).toEqual(contents(out))
  })

  it('aborted, it leaves no half files and goes on to the same bytes', async () => {
    const dir = manyClips()
    const [out, broken] = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b')]
    await prepareFolder(dir, out)
    const controller = new AbortController()
    const reason = new Error('stop now')
    await expect(
      prepareFolder(dir, broken, {
        workers: 2,
        signal: controller.signal,
        onProgress: ({ clips }) => {
          if (clips >= 40) controller.abort(reason)
        },
      }),
    ).rejects.toBe(reason)
    expect(existsSync(join(broken, 'index.json'))).toBe(false)
    expect(readdirSync(broken).filter((name) => name.endsWith('.part'))).toEqual([])
    expect(() => openFeatures(broken)).toThrow('no features in')
    await prepareFolder(dir, broken)
    expect(contents(broken)).toEqual(contents(out))
    await expect(prepareFolder(dir, broken, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('other settings, another sound or other labels are prepared again', async () => {
    const dir = manyClips()
    const out = join(temporaryFolder(), 'features')
    const { hash } = await prepareFolder(dir, out)
    const wider = await prepareFolder(dir, out, { features: { ...small, mel: dcase2019({ mels: 24 }) } })
    expect(wider).toMatchObject({ alreadyDone: false })
    expect(wider.hash).not.toBe(hash)
    expect(openFeatures(out).get('curated', 0).bins).toBe(24)
    await prepareFolder(dir, out)
    writeFileSync(join(dir, 'train_curated/m69.wav'), wav(tone(3, 9000)))
    expect(await prepareFolder(dir, out)).toMatchObject({ alreadyDone: false })
    expect(openFeatures(out).waveform('curated', 69).samples).toHaveLength(9000)
    writeFileSync(
      join(dir, 'train_curated.csv'),
      readFileSync(join(dir, 'train_curated.csv'), 'utf8').replace('m0.wav,Bark', 'm0.wav,Meow'),
    )
    expect(await prepareFolder(dir, out)).toMatchObject({ alreadyDone: false })
    expect(openFeatures(out).splits.curated.labels!.slice(0, 3)).toEqual(Float32Array.of(0, 1, 0))
  })

  it('refuses settings that make no sense', async () => {
    const dir = writeFiles(temporaryFolder(), kaggleFiles())
    const out = temporaryFolder()
    await expect(prepareFolder(dir, out, { features: { mel: null, waveform: false } })).rejects.toThrow('need mel, waveform or both')
    await expect(prepareFolder(dir, out, { features: { sampleRate: 22050 } })).rejects.toThrow('mel.sampleRate must be')
    await expect(prepareFolder(dir, out, { workers: 1.5 })).rejects.toThrow('workers must be an integer')
  })
})

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

const good = wav(tone(1))
const oneNaN = tone(1)
oneNaN[1234] = Number.NaN
const badSounds: [string, Uint8Array, RegExp][] = [
  ['corrupt', new TextEncoder().encode('this is no sound at all, but a page that says: not found'), /cannot be decoded/],
  ['corrupt Ogg', Uint8Array.from({ length: 3000 }, (_, i) => [0x4f, 0x67, 0x67, 0x53][i] ?? (i * 131) % 256), /cannot be decoded/],
  ['empty', new Uint8Array(), /the file is empty/],
  ['no samples', wav([]), /cannot be decoded/],
  ['truncated', good.subarray(0, 5000), /cannot be decoded/],
  ['silent', wav(new Float32Array(6000)), /silent/],
  ['a constant', wav(new Float32Array(6000).fill(0.25)), /silent/],
  ['too short', wav(tone(1, 2559)), /too short: 2559 samples at 44100 Hz, one FFT window takes 2560/],
  ['NaN', floatWav(oneNaN), /NaN at sample 1234/],
]

describe('bad audio', { timeout: 60_000 }, () => {
  it.each(badSounds)('%s: an error that names the file', async (_, bytes, reason) => {
    const dir = writeFiles(temporaryFolder(), kaggleFiles({ 'train_noisy/n3.wav': bytes }))
    const out = join(temporaryFolder(), 'features')
    const error: unknown = await prepareFolder(dir, out, { workers: 1 }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'DataError', code: 'bad-audio', file: join(dir, 'train_noisy/n3.wav') })
    expect((error as Error).message).toMatch(reason)
    expect((error as Error).message).toMatch(/Replace the file.*--skip-bad/)
    expect(() => openFeatures(out)).toThrow('no features')
  })

  it('with skipBad all of them are listed, the rest is prepared, and rows keep their places', async () => {
    const sounds = Object.fromEntries(badSounds.map(([, bytes], i) => [`train_curated/m${i * 7}.wav`, bytes]))
    const dir = manyClips(sounds)
    const out = join(temporaryFolder(), 'features')
    const { problems } = await prepareFolder(dir, out, { skipBad: true, workers: 2 })
    expect(problems.map(({ clip }) => clip)).toEqual(badSounds.map((_, i) => `m${i * 7}.wav`))
    problems.forEach(({ message }, i) => expect(message).toMatch(badSounds[i][2]))
    const { splits } = openFeatures(out)
    expect(splits.curated.size).toBe(70 - badSounds.length)
    expect(splits.curated.rowCount).toBe(70)
    expect(splits.curated.rows.every((row, place) => splits.curated.names[place] === `m${row}.wav`)).toBe(true)
    expect(splits.curated.rows).not.toContain(7)
    // Done, but not for someone who did not say skipBad.
    expect(await prepareFolder(dir, out, { skipBad: true })).toMatchObject({ alreadyDone: true, problems })
    await expect(prepareFolder(dir, out)).rejects.toMatchObject({ code: 'bad-audio' })
    // Mended, it goes on with the shards that were whole.
    for (const name of Object.keys(sounds)) writeFileSync(join(dir, name), wav(tone(2, 4321)))
    expect(await prepareFolder(dir, out)).toMatchObject({ alreadyDone: false, problems: [] })
    expect(openFeatures(out).splits.curated.size).toBe(70)
  })

  it('stereo is mixed, 8 kHz is resampled', async () => {
    const left = tone(1, 4000)
    const right = tone(2, 4000)
    const stereo = Float32Array.from({ length: 8000 }, (_, i) => (i % 2 === 0 ? left : right)[i >> 1])
    const low = Float32Array.from({ length: 4000 }, (_, n) => 0.5 * Math.sin((2 * Math.PI * 440 * n) / 8000))
    const dir = writeFiles(
      temporaryFolder(),
      kaggleFiles({ 'test/t0.wav': wav(stereo, { channels: 2 }), 'test/t1.wav': wav(low, { sampleRate: 8000 }) }),
    )
    const out = join(temporaryFolder(), 'features')
    await prepareFolder(dir, out)
    const store = openFeatures(out)
    const mixed = store.waveform('test', 0).samples
    expect(mixed).toHaveLength(4000)
    expect(mixed.every((value, n) => Math.abs(value - (left[n] + right[n]) / 2) < 1e-4)).toBe(true)
    const high = store.waveform('test', 1).samples
    expect(high).toHaveLength(22050)
    for (let n = 2000; n < 20000; n++) expect(high[n]).toBeCloseTo(0.5 * Math.sin((2 * Math.PI * 440 * n) / 44100), 3)
  })

  it('clips known to be bad may be silent', async () => {
    const files = zenodoFiles()
    const meta = 'FSDKaggle2019.meta/train_curated_post_competition.csv'
    files[meta] = `${files[meta] as string}1d44b0bd.wav,Bark,1,CC0\n`
    files['FSDKaggle2019.audio_train_curated/1d44b0bd.wav'] = wav(new Float32Array(6000))
    const out = join(temporaryFolder(), 'features')
    expect((await prepareFolder(writeFiles(temporaryFolder(), files), out)).problems).toEqual([])
    expect(openFeatures(out).splits.curated.names).not.toContain('1d44b0bd.wav')
    const all = openFeatures(out, { dropBad: false })
    expect(all.splits.curated.names).toContain('1d44b0bd.wav')
    expect(all.splits.test.usage).toEqual(['Public', 'Private', 'Private', 'Private'])
  })
})

describe('disk', { timeout: 60_000 }, () => {
  it('a folder that cannot be written is an error; what was there stays readable', async () => {
    const dir = writeFiles(temporaryFolder(), kaggleFiles())
    const parent = temporaryFolder()
    writeFileSync(join(parent, 'file'), 'x')
    await expect(prepareFolder(dir, join(parent, 'file', 'features'))).rejects.toMatchObject({ code: 'disk' })
    const out = join(parent, 'features')
    mkdirSync(join(out, 'curated-0000.mel.npy'), { recursive: true })
    // A folder in the way of a file: fails for root too, unlike permissions.
    await expect(prepareFolder(dir, out, { workers: 1 })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringMatching(/cannot write .*curated-0000\.mel\.npy/) as string,
    })
    expect(readdirSync(out).filter((name) => name.endsWith('.part'))).toEqual([])
    rmSync(join(out, 'curated-0000.mel.npy'), { recursive: true })
    expect(await prepareFolder(dir, out)).toMatchObject({ alreadyDone: false })
  })

  it.runIf(process.platform === 'linux')('a full disk is an error that says so; what is done stays done', async () => {
    const dir = manyClips()
    const [out, whole] = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b')]
    await prepareFolder(dir, whole)
    let placed = false
    const error: unknown = await prepareFolder(dir, out, {
      workers: 1,
      onProgress: ({ clips }) => {
        // Writing to /dev/full fails as writing to a full disk does.
        if (!placed && clips > 0) symlinkSync('/dev/full', join(out, `curated-0001.waveform.npy.${process.pid}.part`))
        placed ||= clips > 0
      },
    }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'disk',
      message: expect.stringMatching(/ENOSPC.*The disk is full: free some space and run again/) as string,
    })
    expect(() => openFeatures(out)).toThrow('no features')
    const [done, expected] = [contents(out), contents(whole)]
    expect(Object.keys(done)).toContain('curated-0000.json')
    expect(Object.keys(done)).not.toContain('curated-0001.json')
    for (const [name, bytes] of Object.entries(done)) expect(bytes).toBe(expected[name])
    expect(await prepareFolder(dir, out)).toMatchObject({ alreadyDone: false })
    expect(contents(out)).toEqual(contents(whole))
  })

  it.runIf(process.platform !== 'win32')('a read-only folder is an error', async () => {
    const dir = writeFiles(temporaryFolder(), kaggleFiles())
    const dataset = await openDataset(dir)
    const out = temporaryFolder()
    chmodSync(dir, 0o755)
    chmodSync(out, 0o555)
    // Root may write anywhere: be somebody else for a moment.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65534)
    try {
      await expect(prepare({ dataset, out, features: small, workers: 0 })).rejects.toMatchObject({
        code: 'disk',
        message: expect.stringMatching(/EACCES.*The folder is read-only: choose another one/) as string,
      })
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(out, 0o755)
    }
    expect(readdirSync(out)).toEqual([])
  })
})
