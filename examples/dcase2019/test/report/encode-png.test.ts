import { crc32, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { colorMap } from '../../src/report/color-map.js'
import { encodePng } from '../../src/report/encode-png.js'
import { inputFigure } from '../../src/report/input-figure.js'

interface Decoded {
  readonly header: readonly number[]
  readonly palette: Uint8Array
  readonly pixels: Uint8Array
}

/** Reads what `encodePng` may write, checking lengths and checksums. */
function decode(bytes: Uint8Array): Decoded {
  expect([...bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const chunks = new Map<string, Uint8Array>()
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at)
    const end = at + 8 + length
    expect(view.getUint32(end)).toBe(crc32(bytes.subarray(at + 4, end)))
    chunks.set(Buffer.from(bytes.subarray(at + 4, at + 8)).toString(), bytes.slice(at + 8, end))
    at = end + 4
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'PLTE', 'IDAT', 'IEND'])
  const header = chunks.get('IHDR') as Uint8Array
  const [width, height] = [new DataView(header.buffer).getUint32(0), new DataView(header.buffer).getUint32(4)]
  const rows = inflateSync(chunks.get('IDAT') ?? '')
  expect(rows).toHaveLength(height * (width + 1))
  const pixels = new Uint8Array(width * height)
  for (let row = 0; row < height; row++) {
    expect(rows[row * (width + 1)]).toBe(0)
    pixels.set(rows.subarray(row * (width + 1) + 1, (row + 1) * (width + 1)), row * width)
  }
  return { header: [width, height, ...header.subarray(8)], palette: chunks.get('PLTE') as Uint8Array, pixels }
}

test('decodes to the same pixels', () => {
  const image = fc
    .record({ width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 20 }) })
    .chain(({ width, height }) =>
      fc.uint8Array({ minLength: width * height, maxLength: width * height }).map((pixels) => ({ width, height, pixels })),
    )
  fc.assert(
    fc.property(image, ({ width, height, pixels }) => {
      const palette = colorMap()
      const decoded = decode(encodePng({ pixels, width, height, palette }))
      expect(decoded).toEqual({ header: [width, height, 8, 3, 0, 0, 0], palette, pixels })
    }),
  )
})

test('colours rise evenly in lightness', () => {
  const palette = colorMap()
  const luma = Array.from({ length: 256 }, (_, i) => 0.2126 * palette[3 * i] + 0.7152 * palette[3 * i + 1] + 0.0722 * palette[3 * i + 2])
  for (let i = 1; i < 256; i++) expect(luma[i]).toBeGreaterThanOrEqual(luma[i - 1] - 0.5)
  expect(luma[0]).toBeLessThan(10)
  expect(luma[255]).toBeGreaterThan(230)
})

test('a spectrogram lies with low bins at the bottom, 80 dB from dark to bright', () => {
  const picture = inputFigure({ kind: 'spectrogram', data: [0, -40, -80, -200], bins: 2, frames: 2 }, 'x').toString()
  const encoded = /base64,([^"]+)"/.exec(picture)?.[1] as string
  const { pixels } = decode(new Uint8Array(Buffer.from(encoded, 'base64')))
  expect([...pixels]).toEqual([0, 0, 255, 128])
})
