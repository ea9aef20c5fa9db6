import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { dcase2019 } from '@audiotag/melspec'
import { describe, expect, it } from 'vitest'

import { openDataset } from '../../dist/data/dataset.js'
import { openFeatures } from '../../dist/data/features.js'
import { prepare } from '../../dist/data/prepare.js'
import { kaggleFiles, temporaryFolder, writeFiles } from './make-dataset.js'

async function features(settings: { waveform: boolean; testLabels?: boolean } = { waveform: true }): Promise<string> {
  const dataset = await openDataset(writeFiles(temporaryFolder(), kaggleFiles({}, { testLabels: settings.testLabels ?? true })))
  const out = join(temporaryFolder(), 'features')
  await prepare({ dataset, out, workers: 0, features: { mel: dcase2019({ mels: 16 }), waveform: settings.waveform } })
  return out
}

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(new Uint8Array(b.buffer, b.byteOffset, b.byteLength))

describe('openFeatures', { timeout: 60_000 }, () => {
  it('from the cache, from disk and from another store’s memory come the same bits', async () => {
    const dir = await features()
    const cached = openFeatures(dir)
    const uncached = openFeatures(dir, { cacheBytes: 0 })
    const partly = openFeatures(dir, { cacheBytes: 100_000 })
    const shared = openFeatures(dir, { shared: cached.share() })
    for (const split of ['curated', 'noisy', 'test'] as const) {
      for (let place = cached.splits[split].size - 1; place >= 0; place--) {
        for (const other of [uncached, partly, shared]) {
          const [mel, waveform] = [cached.get(split, place), cached.waveform(split, place)]
          expect({ ...other.get(split, place), data: null }).toEqual({ ...mel, data: null })
          expect(sameBits(other.get(split, place).data, mel.data)).toBe(true)
          expect(sameBits(other.waveform(split, place).samples, waveform.samples)).toBe(true)
        }
      }
    }
    expect(shared.get('curated', 0).data.buffer).toBe(cached.get('curated', 0).data.buffer)
    expect(uncached.get('curated', 0).data.buffer).not.toBe(uncached.get('curated', 0).data.buffer)
    for (const store of [cached, uncached, partly, shared]) store.close()
  })

  it('labels are multi-hot in the order of the classes; secret ones are null', async () => {
    const { classes, splits } = openFeatures(await features({ waveform: false, testLabels: false }))
    expect(classes).toEqual(['Bark', 'Meow', 'Strum'])
    expect([...splits.curated.labels!]).toEqual([1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1])
    expect(splits.test.labels).toBeNull()
    expect(splits.test.size).toBe(4)
  })

  it('says what is wrong with a folder', async () => {
    const dir = await features({ waveform: false })
    expect(() => openFeatures(temporaryFolder())).toThrow(/no features in .*Run `dcase2019 prepare`/)
    expect(() => openFeatures(dir, { input: 'waveform' })).toThrow('holds no waveform features')
    const store = openFeatures(dir)
    expect(() => store.waveform('curated', 0)).toThrow('holds no waveform features')
    expect(() => store.get('curated', 6)).toThrow('place must be an integer from 0 to 5 of curated, got 6')
    expect(() => store.get('curated', 0.5)).toThrow('got 0.5')
    store.close()
    expect(() => store.get('curated', 0)).toThrow('is closed')

    const index = readFileSync(join(dir, 'index.json'), 'utf8')
    writeFileSync(join(dir, 'index.json'), index.slice(0, 100))
    expect(() => openFeatures(dir)).toThrow(/index\.json: is damaged.*dcase2019 prepare/)
    writeFileSync(join(dir, 'index.json'), index.replace('"format":1', '"format":99'))
    expect(() => openFeatures(dir)).toThrow('has format 99')
    writeFileSync(join(dir, 'index.json'), index)
    truncateSync(join(dir, 'noisy-0000.mel.npy'), 4000)
    expect(() => openFeatures(dir)).toThrow(/noisy-0000\.mel\.npy: has 4000 bytes, expected/)
    rmSync(join(dir, 'noisy-0000.mel.npy'))
    expect(() => openFeatures(dir)).toThrow(/noisy-0000\.mel\.npy: is missing/)
  })
})
