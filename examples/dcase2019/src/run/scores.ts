import { decodeNpy, encodeNpy } from '@audiotag/melspec'
import { readFileSync } from 'node:fs'
import { MissingError } from '../cli/errors.js'
import { writeFileWhole } from './files.js'

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
 * @throws MissingError with `wayOut` when the file is not there; Error naming the file when it is no float32 matrix of that width
 */
export function readScores(path: string, classes: number, wayOut: string): ScoreMatrix {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch {
    throw new MissingError(`${path} is not there. ${wayOut}`)
  }
  const { data, shape } = decodeNpy(bytes)
  if (!(data instanceof Float32Array) || shape.length !== 2 || shape[1] !== classes)
    throw new Error(`${path}: expected float32 [clips, ${classes}], got [${shape.join(', ')}]. Make it again with --fresh.`)
  return { data, clips: shape[0], classes }
}

/** Mean of matrices of equal shape. */
export function meanScores(matrices: readonly ScoreMatrix[]): ScoreMatrix {
  const [first] = matrices
  if (!first) throw new Error('meanScores: at least one matrix is needed')
  const sum = new Float64Array(first.data.length)
  for (const { data } of matrices) for (let i = 0; i < sum.length; i++) sum[i] += data[i]
  return { ...first, data: Float32Array.from(sum, (value) => value / matrices.length) }
}
