import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import { magnitudesOf } from './half-floats.js'
import { MATRIX_TERMS, matrixProduct } from './matrix-product.js'
import { threadsOf } from './product-source.js'
import type { ProductSource, Tile } from './product-source.js'
import { TERMS, tiledProduct } from './tiled-product.js'

/** Tiles that keep a large device busy. */
const BUSY = 160

/** Threads that a sum is split for: twice what a large device runs at a time, so that some may end later. */
const THREADS = 2 ** 17

/** Terms of which a part of a split sum has at least; and where there are tiles enough to keep a device busy. */
const LEAST_CHUNK = 256
const LEAST_BUSY_CHUNK = 2048

/** Terms that one float32 sum may have: more would lose digits. */
const MOST_CHUNK = 8192

const tile = (rows: number, columns: number, threadRows: 4 | 8, threadColumns: 4 | 8): Tile => ({
  rows,
  columns,
  terms: TERMS,
  threadRows,
  threadColumns,
})

/** The tile for a product whose sums may be split or not. Shared memory is 16 KiB at most, and threads 256: what every device has. */
export function tileFor(rows: number, columns: number, inner: number, splits: boolean): Tile {
  if (columns <= 8) return tile(128, 8, 4, 4)
  if (columns <= 16) return tile(64, 16, 4, 4)
  if (columns <= 32) return tile(64, 32, 4, 4)
  const small = tile(64, 64, 8, 4)
  if (rows < 128) return small
  const large = [...(columns >= 128 ? [tile(128, 128, 8, 8)] : []), tile(128, 64, 8, 8)]
  // Large tiles read less, if there are enough of them: parts of a sum count, short ones where small tiles would be split as well.
  const enough = (shape: Tile, chunk: number): boolean =>
    tilesOf(shape, rows, columns) * (splits ? Math.max(1, Math.floor(inner / chunk)) : 1) >= BUSY
  return (
    large.find((shape) => enough(shape, LEAST_BUSY_CHUNK)) ??
    (enough(small, Infinity) ? small : (large.find((shape) => enough(shape, 2 * LEAST_CHUNK)) ?? small))
  )
}

const tilesOf = (shape: Tile, rows: number, columns: number): number => Math.ceil(rows / shape.rows) * Math.ceil(columns / shape.columns)

/** Parts of a sum. */
function partsOf(shape: Tile, tiles: number, inner: number): number {
  const wanted = Math.floor(THREADS / threadsOf(shape) / tiles)
  const most = Math.floor(inner / (tiles >= BUSY ? LEAST_BUSY_CHUNK : LEAST_CHUNK))
  return Math.max(1, Math.ceil(inner / MOST_CHUNK), Math.min(wanted, most))
}

export interface Product {
  /** What the program is kept under, besides the tile. */
  readonly key: string
  readonly source: (shape: Tile) => ProductSource
  readonly a: TensorInfo
  readonly b: TensorInfo
  readonly y: TensorInfo
  readonly rows: number
  readonly columns: number
  readonly inner: number
  readonly words: readonly number[]
  /** Phases, each a product of its own that stores elsewhere; default 1. */
  readonly phases?: number
  /** Whether factors are rounded to half floats, where that is the precision of the backend. Sums never are. */
  readonly half: boolean
  /** Whether both operands have units of four. */
  readonly vectors: boolean
  /** Which operand is a gradient: half floats do not reach to its size, so it is scaled. */
  readonly gradient?: 'a' | 'b'
}

/** Runs a product. Where it has few tiles and a long sum, the sum is split over workgroups and added up in a fixed order. */
export function runProduct(gpu: GpuBackend, product: Product): void {
  const { key, source, a, b, y, rows, columns, inner, words, phases = 1 } = product
  const half = product.half && gpu.precision === 'float16'
  const scaled = half ? product.gradient : undefined
  const splits = phases === 1
  const tile = tileFor(rows, columns, inner, splits)
  const matrices = half && gpu.matrices && product.vectors && tile.rows >= 64 && tile.columns >= 64
  const shape = matrices ? { ...tile, terms: MATRIX_TERMS } : tile
  const tiles = tilesOf(shape, rows, columns)
  const chunk = splits ? Math.ceil(inner / partsOf(shape, tiles, inner) / shape.terms) * shape.terms : inner
  const parts = Math.ceil(inner / chunk)
  const split = parts > 1
  const wide = columns % 4 === 0
  const name = `${key} ${Object.values(shape).join(' ')} ${split} ${wide} ${half}`
  const program = gpu.program(name, () =>
    matrices ? matrixProduct(source(shape), shape, { split, scaled }) : tiledProduct(source(shape), shape, { wide, split, half, scaled }),
  )
  const all = [rows, columns, inner, chunk, ...words]
  const target = split ? gpu.scratch(parts * rows * columns * 4) : y
  const magnitudes = scaled ? [magnitudesOf(gpu, scaled === 'a' ? a : b)] : []
  gpu.run(program, { tensors: [a, b, ...magnitudes, target], words: all, groups: tiles, layers: split ? parts : phases })
  if (!split) return
  addParts(gpu, target as GPUBuffer, y, rows * columns, parts)
  gpu.release(target as GPUBuffer)
}

/** Threads of a workgroup that adds, of which so many share a number's parts. */
const ADD_THREADS = 256
const ADD_SHARES = 8

function addParts(gpu: GpuBackend, partials: GPUBuffer, y: TensorInfo, elements: number, parts: number): void {
  const width = elements % 4 === 0 ? 4 : 1
  const type = width === 4 ? 'vec4f' : 'f32'
  const across = ADD_THREADS / ADD_SHARES
  const program = gpu.program(`add parts ${type}`, () => ({
    reads: { partials: type },
    writes: { y: type },
    words: ['elements', 'parts'],
    threads: ADD_THREADS,
    declarations: `var<workgroup> shares: array<${type}, ${ADD_THREADS}>;`,
    body: `
  let i = group * ${across} + thread % ${across};
  var sum = ${type}(0.0);
  if (i < u.elements) {
    for (var part = thread / ${across}; part < u.parts; part += ${ADD_SHARES}) { sum += partials[part * u.elements + i]; }
  }
  shares[thread] = sum;
  workgroupBarrier();
  if (thread >= ${across} || i >= u.elements) { return; }
  for (var share = 1; share < ${ADD_SHARES}; share++) { sum += shares[share * ${across} + thread]; }
  y[i] = sum;`,
  }))
  const units = elements / width
  gpu.run(program, { tensors: [partials, y], words: [units, parts], groups: Math.ceil(units / across) })
}
