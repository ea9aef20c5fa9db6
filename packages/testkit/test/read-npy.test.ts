import { readNpy } from '@audiotag/testkit'
import { expect, test } from 'vitest'

const npy = (descr: string, shape: string, data: ArrayBufferView, fortran = 'False'): Uint8Array => {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`.padEnd(117) + '\n'
  const head = new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0, ...new TextEncoder().encode(header)])
  return new Uint8Array([...head, ...new Uint8Array(data.buffer)])
}

test.each([
  ['<f4', new Float32Array([1.5, NaN, -0])],
  ['<f8', new Float64Array([1e300, 0.1, 2])],
  ['<i4', new Int32Array([1, -2, 3])],
  ['|b1', new Uint8Array([1, 0, 1])],
])('%s, whatever the alignment', (dtype, data) => {
  const bytes = npy(dtype, '3,', data)
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  expect(readNpy(shifted.subarray(1))).toEqual({ data, shape: [3], dtype })
})

test('64-bit integers, a scalar, a matrix', () => {
  expect(readNpy(npy('<i8', '2,', new BigInt64Array([5n, -1n]))).data).toEqual(new Float64Array([5, -1]))
  expect(readNpy(npy('<f4', '', new Float32Array([7]))).shape).toEqual([])
  expect(readNpy(npy('<f4', '2, 1', new Float32Array([7, 8]))).shape).toEqual([2, 1])
})

test('refuses what it does not read', () => {
  expect(() => readNpy(npy('>f4', '1,', new Float32Array(1)))).toThrow('dtype >f4 is not read')
  expect(() => readNpy(npy('<f4', '2,', new Float32Array(1)))).toThrow('shape [2] of <f4 needs 8 bytes, got 4')
  expect(() => readNpy(npy('<f4', '1, 1', new Float32Array(1), 'True'))).toThrow('only C order')
  expect(() => readNpy(new Uint8Array(30))).toThrow('not a .npy file')
})
