import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { createClipReader } from '../../dist/data/clip-files.js'
import { openDataset } from '../../dist/data/dataset.js'
import { openZipArchive } from '../../dist/data/zip-archive.js'
import { kaggleFiles, temporaryFolder, tone, wav, writeFiles, zenodoFiles } from './make-dataset.js'
import { makeZip } from './make-zip.js'

type Files = Record<string, string | Uint8Array>

/** Replaces the folders of audio by archives; the noisy part, as on Zenodo, by a split one. */
function zipped(files: Files, noisyFolder: string): Files {
  const folders = new Map<string, Record<string, Uint8Array>>()
  const rest: Files = {}
  for (const [path, content] of Object.entries(files)) {
    const [folder] = path.split('/')
    if (!path.endsWith('.wav')) rest[path] = content
    else folders.set(folder, { ...folders.get(folder), [path]: content as Uint8Array })
  }
  for (const [folder, sounds] of folders) Object.assign(rest, makeZip(folder, sounds, folder === noisyFolder ? 20_000 : Infinity))
  return rest
}

describe('archives', () => {
  it.each([
    ['Zenodo', zenodoFiles(), 'FSDKaggle2019.audio_train_noisy'],
    ['Kaggle', kaggleFiles({}, { testLabels: false }), 'train_noisy'],
  ])('%s: clips out of whole and split archives are the ones of the folders', async (_, files, noisyFolder) => {
    const folders = await openDataset(writeFiles(temporaryFolder(), files))
    const dir = writeFiles(temporaryFolder(), zipped(files, noisyFolder))
    expect(readdirSync(dir).filter((name) => /\.z\d\d$/.test(name)).length).toBeGreaterThan(1)
    const archives = await openDataset(dir)
    const reader = createClipReader()
    for (const split of ['curated', 'noisy', 'test'] as const) {
      expect(archives[split].map(({ name, labels }) => [name, labels])).toEqual(folders[split].map(({ name, labels }) => [name, labels]))
      for (const [index, clip] of archives[split].entries()) {
        const bytes = await reader.read(clip.file!)
        expect(Buffer.from(bytes).equals(await reader.read(folders[split][index].file!))).toBe(true)
      }
    }
    await reader.close()
  })

  const split = makeZip('a', { 'x/one.wav': wav(tone(1, 9000)), 'x/two.wav': wav(tone(2, 9000)) }, 8000)

  it('a part that is missing is named', async () => {
    const dir = writeFiles(temporaryFolder(), split)
    rmSync(join(dir, 'a.z02'))
    await expect(openZipArchive(join(dir, 'a.zip'))).rejects.toMatchObject({
      code: 'archive',
      message: expect.stringMatching(/a\.zip: part a\.z02 is missing/) as string,
    })
  })

  it('the last parts missing, or all of them, is an error too', async () => {
    const dir = writeFiles(temporaryFolder(), split)
    const parts = readdirSync(dir).filter((name) => name !== 'a.zip')
    rmSync(join(dir, parts[parts.length - 1]))
    await expect(openZipArchive(join(dir, 'a.zip'))).rejects.toMatchObject({ code: 'archive' })
    for (const part of parts) rmSync(join(dir, part), { force: true })
    await expect(openZipArchive(join(dir, 'a.zip'))).rejects.toThrow(/a\.zip: cannot be read as a zip.*One is missing or damaged/)
  })

  it('a damaged entry fails its checksum, by name; the others can be read', async () => {
    const files = makeZip('b', { 'one.wav': wav(tone(1)), 'two.wav': wav(tone(2)) })
    files['b.zip'][files['b.zip'].length - 2000] ^= 0xff
    const archive = await openZipArchive(join(writeFiles(temporaryFolder(), files), 'b.zip'))
    await expect(archive.read('two.wav')).rejects.toMatchObject({
      code: 'archive',
      message: expect.stringMatching(/b\.zip:two\.wav: cannot be unpacked/) as string,
    })
    expect(Buffer.from(await archive.read('one.wav')).equals(wav(tone(1)))).toBe(true)
    await archive.close()
  })

  it('not a zip', async () => {
    const dir = writeFiles(temporaryFolder(), { 'c.zip': '<html>sign in to download</html>', 'd.zip': '' })
    await expect(openZipArchive(join(dir, 'c.zip'))).rejects.toMatchObject({ code: 'archive' })
    await expect(openZipArchive(join(dir, 'd.zip'))).rejects.toMatchObject({ code: 'archive' })
    await expect(openZipArchive(join(dir, 'e.zip'))).rejects.toMatchObject({ code: 'archive' })
  })

  it('only parts, without the last', async () => {
    const files = zipped(kaggleFiles(), 'train_noisy')
    delete files['train_noisy.zip']
    await expect(openDataset(writeFiles(temporaryFolder(), files))).rejects.toThrow(/train_noisy: neither .* Its part \.z01 is there/)
  })
})
