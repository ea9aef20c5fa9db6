import { decodeTorchCheckpoint, ModelError, type TorchCheckpoint } from '@audiotag/models'
import { describe, expect, test } from 'vitest'
import { checkpointBytes, checkpointSet, described, expectedSet, readCheckpoint, type CheckpointFile } from './checkpoint-set.js'

const withOutcome = (outcome: CheckpointFile['outcome']): CheckpointFile[] => checkpointSet.files.filter((file) => file.outcome === outcome)

function expectContents(entry: CheckpointFile, read: TorchCheckpoint): void {
  expect(described(read.tensors)).toEqual(expectedSet(entry.tensors!, entry.prefix))
  expect(read.root).toBe(entry.root ?? '')
  if (entry.otherTensors !== undefined) expect(described(read.otherTensors)).toEqual(expectedSet(entry.otherTensors))
  else expect(read.otherTensors).toEqual({})
  expect(read.scalars).toMatchObject(entry.scalars ?? {})
}

async function errorOf(entry: CheckpointFile): Promise<unknown> {
  return readCheckpoint(entry).then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('the set covers every kind of outcome', () => {
  expect(withOutcome('ok').length).toBeGreaterThanOrEqual(9)
  expect(withOutcome('error').length).toBeGreaterThanOrEqual(34)
  expect(withOutcome('either').length).toBeGreaterThanOrEqual(6)
})

describe('files of PyTorch', () => {
  test.each(withOutcome('ok'))('$file: $about', async (entry) => expectContents(entry, await readCheckpoint(entry)))

  test('element types become the arrays that hold them', async () => {
    const { tensors } = await readCheckpoint({ file: 'dtypes.pth' })
    const names = Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data.constructor.name]))
    expect(names).toEqual({
      float64: 'Float64Array',
      float32: 'Float32Array',
      float16: 'Float32Array',
      bfloat16: 'Float32Array',
      int64: 'BigInt64Array',
      int32: 'Int32Array',
      int16: 'Int16Array',
      int8: 'Int8Array',
      uint8: 'Uint8Array',
      bool: 'Uint8Array',
      'no axes': 'BigInt64Array',
    })
    expect(tensors['int64'].data).toEqual(BigInt64Array.of(0n, -1n, 2n ** 24n, -(2n ** 31n) - 1n, 2n ** 53n - 1n))
    expect(Object.is(tensors['float32'].data[2], -0)).toBe(true)
  })

  test('tensors that share a storage get arrays of their own, apart from the file', async () => {
    const bytes = checkpointBytes({ file: 'strided.pth' })
    const before = bytes.slice()
    const { tensors } = await decodeTorchCheckpoint(bytes)
    const transposed = (tensors['transposed'].data as Float32Array).slice()
    ;(tensors['base'].data as Float32Array).fill(0)
    expect(tensors['transposed'].data).toEqual(transposed)
    expect(bytes).toEqual(before)
  })

  test('the state_dict of a checkpoint is found, or named', async () => {
    const bytes = checkpointBytes({ file: 'resnet18-checkpoint-adam.pth' })
    const found = await decodeTorchCheckpoint(bytes)
    expect(await decodeTorchCheckpoint(bytes, { root: 'state_dict' })).toEqual(found)
    expect(found.scalars['optimizer/param_groups/0/lr']).toBe(0.001)
    expect(found.scalars['optimizer/param_groups/0/betas']).toEqual([0.9, 0.999])
    const inner = await decodeTorchCheckpoint(bytes, { root: 'optimizer/state/0' })
    expect(Object.keys(inner.tensors).sort()).toEqual(['exp_avg', 'exp_avg_sq', 'step'])
    expect(inner.otherTensors['state_dict/conv1.weight'].shape).toEqual([2, 1, 7, 7])
    for (const root of ['', 'model', 'epoch', 'state_dict/conv1.weight', '__proto__', 'optimizer/state/'])
      await expect(decodeTorchCheckpoint(bytes, { root })).rejects.toThrow('root must lead to a dict of tensors')
    await expect(decodeTorchCheckpoint(bytes, { root: 3 as unknown as string })).rejects.toThrow('root must be text, got number')
  })

  test('a Buffer of Node, a view into a larger buffer', async () => {
    const bytes = checkpointBytes({ file: 'strided-legacy.pth' })
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(await decodeTorchCheckpoint(shifted.subarray(3))).toEqual(await decodeTorchCheckpoint(Buffer.from(bytes)))
  })
})

describe('hostile and damaged files are refused, by name', () => {
  test.each(withOutcome('error'))('$file: $about', async (entry) => {
    const error = await errorOf(entry)
    expect(error).toBeInstanceOf(ModelError)
    expect((error as ModelError).code).toBe('file')
    expect((error as ModelError).message).toMatch(/^decode(TorchCheckpoint|Safetensors): .+\. \S.+\.$/s)
  })

  test.each([
    ['os-system', 'names posix.system'],
    ['os-system-legacy', 'names posix.system'],
    ['eval', 'names __builtin__.eval'],
    ['getattr', 'names __builtin__.getattr'],
    ['whole-model', 'names torch_models.ResNet'],
    ['sparse', 'names torch._utils._rebuild_sparse_tensor'],
    ['declares-4-gib', 'storage 0 must have 1073741824 elements of 4 bytes, its record has 16 bytes'],
    ['expands-to-4-tb', '[1048576, 1048576] goes beyond'],
    ['wrong-crc', 'CRC-32'],
    ['missing-storage', 'storage "1" must be a record of the zip, it is missing'],
    ['truncated', 'The file is truncated'],
    ['not-found', 'text that starts with "<!DOCTYPE html>'],
    ['lfs-pointer', 'text that starts with "version https://git-lfs'],
  ])('%s: the message says what it is', async (name, message) => {
    const entry = checkpointSet.files.find(({ file }) => file === `hostile/${name}.pth`)!
    expect((await errorOf(entry)) as Error).toMatchObject({ message: expect.stringContaining(message) as string })
  })

  test.each(withOutcome('either'))('$file: $about: is read right or refused', async (entry) => {
    const error = await errorOf(entry)
    if (error !== undefined) expect(error).toBeInstanceOf(ModelError)
    else if (entry.tensors !== undefined) expectContents(entry, await readCheckpoint(entry))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('something that is no bytes', async () => {
    await expect(decodeTorchCheckpoint('abc' as unknown as Uint8Array)).rejects.toThrow('bytes must be a Uint8Array, got string')
  })
})
