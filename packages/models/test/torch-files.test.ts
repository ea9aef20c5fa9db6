import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSafetensors, decodeTorchCheckpoint, encodeSafetensors, type NamedArray } from '@audiotag/models'
import { describeWithPython } from '@audiotag/testkit'
import { afterAll, expect, test } from 'vitest'
import { goldenFile } from './golden-net.js'

interface Description {
  readonly shape: readonly number[]
  readonly sha256: string
}

const script = fileURLToPath(new URL('torch/random_files.py', import.meta.url))

const described = (tensors: Record<string, NamedArray>): Record<string, Description> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [
      name,
      {
        shape,
        sha256: createHash('sha256')
          .update(Float64Array.from(data as Float64Array, Number))
          .digest('hex'),
      },
    ]),
  )

describeWithPython('files of PyTorch and safetensors', ['torch', 'safetensors', 'numpy'], (python) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'audiotag-torch-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('a hundred random checkpoints, both formats, all views and types, are read to the same bits', async () => {
    python(script, 'write', folder, '100', '7')
    const index = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) as {
      readonly files: readonly { root: string; scalars: Record<string, unknown>; tensors: Record<string, Description> }[]
    }
    expect(index.files).toHaveLength(100)
    for (const [i, file] of index.files.entries()) {
      const { tensors, root, scalars, otherTensors } = await decodeTorchCheckpoint(readFileSync(path.join(folder, `${i}.pth`)))
      expect({ i, root, scalars, otherTensors, tensors: described(tensors) }).toEqual({ i, otherTensors: {}, ...file })
    }
  }, 120_000)

  test('a safetensors file of this package is read by the safetensors library', () => {
    const { tensors } = decodeSafetensors(goldenFile('safetensors/dtypes.safetensors'))
    const file = path.join(folder, 'ours.safetensors')
    writeFileSync(file, encodeSafetensors(tensors, { note: 'Café' }))
    expect(JSON.parse(python(script, 'read', file))).toEqual(described(tensors))
  }, 60_000)
})
