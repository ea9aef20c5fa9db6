import { crc32, deflateSync } from 'node:zlib'

/** An image of palette colours. */
export interface PaletteImage {
  /** Place in the palette, row-major `[height, width]`, top row first. */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  /** RGB triples, 1 to 256 of them. */
  readonly palette: Uint8Array
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/**
 * Encodes an 8-bit palette PNG.
 *
 * @see PNG (Third Edition), W3C: §5 chunks, §9 filters, §11.2.2 palette
 */
export function encodePng({ pixels, width, height, palette }: PaletteImage): Uint8Array {
  const header = new DataView(new ArrayBuffer(13))
  header.setUint32(0, width)
  header.setUint32(4, height)
  header.setUint8(8, 8) // bits a pixel
  header.setUint8(9, 3) // palette
  // Each row is preceded by its filter; 0 is none, best for palettes.
  const rows = new Uint8Array(height * (width + 1))
  for (let row = 0; row < height; row++) rows.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1)
  const chunks = [
    SIGNATURE,
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(Buffer.concat(chunks))
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set(Buffer.from(type, 'latin1'), 4)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}
