import { crc32, deflateRawSync } from 'node:zlib'

/**
 * A zip as Info-ZIP's `zip` writes it, by hand; with `partBytes` split in parts of that size: `.z01`, `.z02`, …, `.zip` last. Headers
 * do not straddle parts, data does. Every second entry is stored, the others are deflated.
 */
export function makeZip(stem: string, files: Readonly<Record<string, Uint8Array>>, partBytes = Infinity): Record<string, Uint8Array> {
  const parts: number[][] = [[]]
  const put = (bytes: Uint8Array, whole: boolean): { disk: number; offset: number } => {
    if (whole && parts.at(-1)!.length + bytes.length > partBytes) parts.push([])
    const at = { disk: parts.length - 1, offset: parts.at(-1)!.length }
    for (const byte of bytes) {
      if (parts.at(-1)!.length >= partBytes) parts.push([])
      parts.at(-1)!.push(byte)
    }
    return at
  }
  if (partBytes !== Infinity) put(Buffer.from('PK\x07\x08'), true)
  const records = Object.entries(files).map(([name, content], index) => {
    const deflated = index % 2 === 0
    const data = deflated ? deflateRawSync(content) : content
    const common = [
      [2, 20],
      [2, 0],
      [2, deflated ? 8 : 0],
      [2, 0],
      [2, 0x21],
      [4, crc32(content)],
      [4, data.length],
      [4, content.length],
      [2, Buffer.byteLength(name)],
      [2, 0],
    ] as const
    const at = put(Buffer.concat([fields([4, 0x04034b50], ...common), Buffer.from(name)]), true)
    put(data, false)
    return { name, common, at }
  })
  let directory: { disk: number; offset: number } | undefined
  let directoryBytes = 0
  let onLast = 0
  for (const { name, common, at } of records) {
    const header = fields([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, at.disk], [2, 0], [4, 0], [4, at.offset])
    const record = Buffer.concat([header, Buffer.from(name)])
    const place = put(record, true)
    directory ??= place
    directoryBytes += record.length
  }
  const start = directory ?? { disk: parts.length - 1, offset: parts.at(-1)!.length }
  if (parts.at(-1)!.length + 22 > partBytes) parts.push([])
  onLast = start.disk === parts.length - 1 ? records.length : 0
  put(
    fields(
      [4, 0x06054b50],
      [2, parts.length - 1],
      [2, start.disk],
      [2, onLast],
      [2, records.length],
      [4, directoryBytes],
      [4, start.offset],
      [2, 0],
    ),
    true,
  )
  return Object.fromEntries(
    parts.map((bytes, index) => [
      index === parts.length - 1 ? `${stem}.zip` : `${stem}.z${String(index + 1).padStart(2, '0')}`,
      Uint8Array.from(bytes),
    ]),
  )
}

/** Little-endian numbers of 2 or 4 bytes. */
function fields(...values: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const buffer = Buffer.alloc(values.reduce((sum, [bytes]) => sum + bytes, 0))
  let at = 0
  for (const [bytes, value] of values) at = bytes === 2 ? buffer.writeUInt16LE(value, at) : buffer.writeUInt32LE(value, at)
  return buffer
}
