import { decodeNpy, encodeNpy } from '@audiotag/melspec'
import { readWhole, writeFileWhole } from './files.js'

/** Scores or labels, row-major `[clips, classes]`. */
export interface ScoreMatrix {
  readonly data: Float32Array
  readonly clips: number
  readonly classes: number
}

/** Writes a matrix as `.npy`, float32. */
export function writeScores(path: string, { data, clips, classes }: ScoreMatrix): void {
  writeFileWhole(path, encodeNpy({ data, shape: [clips, classes] }))
}

/**
 * Reads a matrix back.
 * @param shape what it must be
 * @param command what makes the file
 * @throws MissingError when the file is not there, Error when it is damaged or of another shape; both name it and `command`
 */
export function readScores(path: string, shape: { readonly clips: number; readonly classes: number }, command: string): ScoreMatrix {
  const { clips, classes } = shape
  const read = (bytes: Uint8Array): Float32Array => {
    const { data, shape: found } = decodeNpy(bytes)
    if (!(data instanceof Float32Array) || found.length !== 2 || found[0] !== clips || found[1] !== classes)
      throw new Error(`expected float32 [${clips}, ${classes}], got ${data.constructor.name} [${found.join(', ')}].`)
    return data
  }
  return { data: readWhole(path, read, command), clips, classes }
}

/** Mean of matrices of equal shape. */
export function meanScores(matrices: readonly ScoreMatrix[]): ScoreMatrix {
  const [first] = matrices
  if (!first) throw new Error('meanScores: at least one matrix is needed')
  const sum = new Float64Array(first.data.length)
  for (const { data } of matrices) for (let i = 0; i < sum.length; i++) sum[i] += data[i]
  return { ...first, data: Float32Array.from(sum, (value) => value / matrices.length) }
}
