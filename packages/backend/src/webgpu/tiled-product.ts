import type { GpuBackend } from './gpu-backend.js'
import { magnitudesOf, SCALE } from './half-floats.js'
import type { ProgramSource } from './program.js'
import type { TensorInfo } from '@tensorflow/tfjs-core'

/** How a matrix that is never stored is read: one unit is `width` elements in memory order. */
export interface Operand {
  /** Name of its buffer. */
  readonly buffer: string
  /** 4 where all starts are multiples of 4, else 1. */
  readonly width: 1 | 4
  /** Whether neighbours in memory lie along the sum (k) or along the rows or columns of the product. */
  readonly along: 'sum' | 'side'
  /** Three integers, a `vec3i` of `m`, the row or column of a unit: computed once, before the sum. Empty for none. */
  readonly prepare: string
  /** Code in the loop that sets `inside` and `place`, the index of the unit's first element; `m`, `k` are its row or column and term, `h` the integers. */
  readonly locate: string
}

/** A matrix product `[rows, columns]`, summed over `inner` terms, whose operands are computed places in tensors. */
export interface ProductSource {
  readonly a: Operand
  readonly b: Operand
  /** Integers that both read, besides `rows`, `columns`, `inner` and `chunk`. */
  readonly words: readonly string[]
  /** Code at the start: may set `rows`, `inner` for a layer, e.g. where layers are phases of a stride. */
  readonly start: string
  /** Code that sets `place`, where row `m` starts in the output. */
  readonly store: string
}

/** Sizes of a tile: rows, columns and terms of a workgroup, rows and columns of a thread. */
export interface Tile {
  readonly rows: number
  readonly columns: number
  readonly terms: number
  readonly threadRows: 4 | 8
  readonly threadColumns: 4 | 8
}

const tile = (rows: number, columns: number, terms: number, threadRows: 4 | 8 = 4, threadColumns: 4 | 8 = 4): Tile => ({
  rows,
  columns,
  terms,
  threadRows,
  threadColumns,
})

/** Tiles that keep a large device busy; below that many, smaller ones are better. */
const BUSY = 160

/** The tile for a product. Shared memory stays below 16 KiB and threads below 256: what every device has. */
export function tileFor(rows: number, columns: number): Tile {
  if (columns <= 8) return tile(128, 8, 16)
  if (columns <= 16) return tile(64, 16, 16)
  if (columns <= 32) return tile(64, 32, 16)
  const count = (tileRows: number, tileColumns: number): number => Math.ceil(rows / tileRows) * Math.ceil(columns / tileColumns)
  if (columns >= 128 && rows >= 128 && count(128, 128) >= BUSY) return tile(128, 128, 8, 8, 8)
  if (rows >= 128 && count(128, 64) >= BUSY) return tile(128, 64, 16, 8, 4)
  return tile(64, 64, 16)
}

/** Terms of which a part of a split sum has at least. */
const LEAST_CHUNK = 256

/** Terms that one float32 sum may have: more would lose digits. */
const MOST_CHUNK = 8192

export interface Product {
  /** What the program is kept under, besides the tile. */
  readonly key: string
  readonly source: () => ProductSource
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
  /** Which operand is a gradient: half floats do not reach to its size, so it is scaled. */
  readonly gradient?: 'a' | 'b'
}

/** Runs a product. Where it has few tiles and a long sum, the sum is split over workgroups and added up in a fixed order. */
export function runProduct(gpu: GpuBackend, product: Product): void {
  const { key, source, a, b, y, rows, columns, inner, words, phases = 1 } = product
  const half = product.half && gpu.precision === 'float16'
  const scaled = half ? product.gradient : undefined
  const shape = tileFor(rows, columns)
  const tiles = Math.ceil(rows / shape.rows) * Math.ceil(columns / shape.columns)
  const wanted = Math.max(Math.ceil(BUSY / tiles), Math.ceil(inner / MOST_CHUNK))
  const splits = phases > 1 ? 1 : Math.max(1, Math.min(wanted, Math.floor(inner / LEAST_CHUNK)))
  const chunk = Math.ceil(inner / splits / shape.terms) * shape.terms
  const parts = phases > 1 ? 1 : Math.ceil(inner / chunk)
  const split = parts > 1
  const wide = columns % 4 === 0
  const name = `${key} ${Object.values(shape).join(' ')} ${split} ${wide} ${half}`
  const program = gpu.program(name, () => tiledProduct(source(), shape, { wide, split, half, scaled }))
  const all = [rows, columns, inner, chunk, ...words]
  const target = split ? gpu.scratch(parts * rows * columns * 4) : y
  const magnitudes = scaled ? [magnitudesOf(gpu, scaled === 'a' ? a : b)] : []
  gpu.run(program, { tensors: [a, b, ...magnitudes, target], words: all, groups: tiles, layers: split ? parts : phases })
  if (!split) return
  addParts(gpu, target as GPUBuffer, y, rows * columns, parts)
  gpu.release(target as GPUBuffer)
}

const ADD_THREADS = 256

function addParts(gpu: GpuBackend, partials: GPUBuffer, y: TensorInfo, elements: number, parts: number): void {
  const width = elements % 4 === 0 ? 4 : 1
  const type = width === 4 ? 'vec4f' : 'f32'
  const program = gpu.program(`add parts ${type}`, () => ({
    reads: { partials: type },
    writes: { y: type },
    words: ['elements', 'parts'],
    threads: ADD_THREADS,
    body: `
  if (item >= u.elements) { return; }
  var sum = partials[item];
  for (var part = 1; part < u.parts; part++) { sum += partials[part * u.elements + item]; }
  y[item] = sum;`,
  }))
  const units = elements / width
  gpu.run(program, { tensors: [partials, y], words: [units, parts], groups: Math.ceil(units / ADD_THREADS) })
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

interface Variant {
  /** Whether outputs are stored four at a time. */
  readonly wide: boolean
  /** Whether the sum is split over layers. */
  readonly split: boolean
  /** Whether tiles are of half floats. */
  readonly half: boolean
  /** Which operand is scaled by its magnitude. */
  readonly scaled: 'a' | 'b' | undefined
}

/**
 * The program: tiles of both operands go through shared memory, sums stay in registers. Shared memory is what such a program waits for; half floats
 * take half of it. The product of two is exact in float32.
 */
function tiledProduct({ a, b, words, start, store }: ProductSource, shape: Tile, { wide, split, half, scaled }: Variant): ProgramSource {
  const { rows, columns, terms, threadRows, threadColumns } = shape
  const across = columns / threadColumns
  const down = rows / threadRows
  const threads = across * down
  const rowGroups = numbers(threadRows / 4)
  const columnGroups = numbers(threadColumns / 4)
  const loadA = loader(a, { name: 'tileA', side: rows, terms, threads, side0: 'row0', sides: 'rows', scaled: scaled === 'a' })
  const loadB = loader(b, { name: 'tileB', side: columns, terms, threads, side0: 'column0', sides: 'u.columns', scaled: scaled === 'b' })
  const cells = rowGroups.flatMap((g) => numbers(4).flatMap((r) => columnGroups.map((h) => ({ g, r, h, name: `sum${g}${r}${h}` }))))
  const out = split ? `place = (layer * rows + m) * u.columns;` : store
  return {
    halfFloats: half,
    reads: {
      [a.buffer]: a.width === 4 ? 'vec4f' : 'f32',
      [b.buffer]: b.width === 4 ? 'vec4f' : 'f32',
      ...(scaled ? { magnitudes: 'f32' } : {}),
    },
    writes: { y: wide ? 'vec4f' : 'f32' },
    words: ['rows', 'columns', 'inner', 'chunk', ...words],
    threads,
    declarations: `
alias factor = ${half ? 'f16' : 'f32'};
var<workgroup> tileA: array<array<vec4<factor>, ${rows / 4}>, ${terms}>;
var<workgroup> tileB: array<array<vec4<factor>, ${columns / 4}>, ${terms}>;`,
    body: `${scaled ? SCALE : ''}
  var rows = u.rows;
  var inner = u.inner;
  ${start}
  let columnTiles = (u.columns + ${columns - 1}) / ${columns};
  let row0 = group / columnTiles * ${rows};
  let column0 = group % columnTiles * ${columns};
  let across = thread % ${across};
  let down = thread / ${across};
  let first = ${split ? 'layer * u.chunk' : '0'};
  let end = ${split ? 'min(first + u.chunk, inner)' : 'inner'};
${cells.map(({ name }) => `  var ${name} = vec4f(0.0);`).join('\n')}
${loadA.prepare}
${loadB.prepare}
  for (var k0 = first; k0 < end; k0 += ${terms}) {
${loadA.load}
${loadB.load}
    workgroupBarrier();
    for (var i = 0; i < ${terms}; i++) {
${rowGroups.map((g) => `      let a${g} = vec4f(tileA[i][down + ${g * down}]);`).join('\n')}
${columnGroups.map((h) => `      let b${h} = vec4f(tileB[i][across + ${h * across}]);`).join('\n')}
${cells.map(({ g, r, h, name }) => `      ${name} = fma(vec4f(a${g}[${r}]), b${h}, ${name});`).join('\n')}
    }
    workgroupBarrier();
  }
  var m: i32;
  var place: i32;
${rowGroups
  .flatMap((g) =>
    numbers(4).map(
      (r) => `
  m = row0 + (down + ${g * down}) * 4 + ${r};
  if (m < rows) {
    ${out}
${columnGroups.map((h) => storeVector(`column0 + (across + ${h * across}) * 4`, `sum${g}${r}${h}${scaled ? ' * unscale' : ''}`, wide)).join('\n')}
  }`,
    ),
  )
  .join('')}`,
  }
}

function storeVector(column: string, value: string, wide: boolean): string {
  if (wide) return `    if (${column} < u.columns) { y[(place + ${column}) / 4] = ${value}; }`
  return numbers(4)
    .map((i) => `    if (${column} + ${i} < u.columns) { y[place + ${column} + ${i}] = (${value})[${i}]; }`)
    .join('\n')
}

/** A tile of an operand in shared memory, `[terms][side / 4]` vectors. */
interface TileOf {
  readonly name: string
  readonly side: number
  readonly terms: number
  readonly threads: number
  /** Code: the tile's first row or column, and how many there are. */
  readonly side0: string
  readonly sides: string
  readonly scaled: boolean
}

/** Code that brings a tile of an operand into shared memory. */
function loader(
  { buffer, width, along, prepare, locate }: Operand,
  { name, side, terms, threads, side0, sides, scaled }: TileOf,
): { prepare: string; load: string } {
  const units = (side * terms) / width
  const each = Math.ceil(units / threads)
  const alongSum = along === 'sum'
  const run = (alongSum ? terms : side) / width
  const zero = width === 4 ? 'vec4f(0.0)' : '0.0'
  // Loops, not one text for each unit: some compilers take time that grows with the square of a program.
  const unit = `
    let unit = thread + j * ${threads};
    let s = ${alongSum ? `unit / ${run}` : `unit % ${run} * ${width}`};
    let t = ${alongSum ? `unit % ${run} * ${width}` : `unit / ${run}`};
    let m = ${side0} + s;`
  const held = `held${name}`
  const value = scaled ? 'value * scale' : 'value'
  const put =
    width === 1
      ? `${name}[t][s / 4][s % 4] = factor(${value});`
      : alongSum
        ? numbers(4)
            .map((i) => `${name}[t + ${i}][s / 4][s % 4] = factor((${value})[${i}]);`)
            .join(' ')
        : `${name}[t][s / 4] = vec4<factor>(${value});`
  return {
    prepare: prepare
      ? `
  var ${held}: array<vec3i, ${each}>;
  for (var j = 0; j < ${each}; j++) {${unit}
    ${held}[j] = ${prepare};
  }`
      : '',
    load: `
    for (var j = 0; j < ${each}; j++) {${unit}
      let k = k0 + t;
      ${prepare ? `let h = ${held}[j];` : ''}
      var place = 0;
      var inside = m < ${sides} && k < end;
      ${locate}
      var value = ${zero};
      if (inside) { value = ${buffer}[place${width === 4 ? ' / 4' : ''}]; }
      ${each * threads > units ? `if (unit < ${units}) { ${put} }` : put}
    }`,
  }
}
