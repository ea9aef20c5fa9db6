import type { GpuBackend } from './gpu-backend.js'
import { magnitudesOf, SCALE } from './half-floats.js'
import { MATRIX_TERMS, matrixProduct } from './matrix-product.js'
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
  /** Whether its rows or columns fill all tiles, so that none is looked at. */
  readonly whole: boolean
  /** Code that sets `h`, three integers of `m`, the row or column of a unit: runs once, before the sum. Empty for none. */
  readonly prepare: string
  /**
   * Code in the loop that changes `inside` and sets `place`, the index of the unit's first element; `m`, `k` are its row or column and term, `h` the
   * integers. `k` is `k0 + t`, where `k0` is the tile's first term, the same for all threads.
   */
  readonly locate: string
}

/** A matrix product `[rows, columns]`, summed over `inner` terms, whose operands are computed places in tensors. */
export interface ProductSource {
  readonly a: Operand
  readonly b: Operand
  /** Integers that both read, besides `rows`, `columns`, `inner` and `chunk`. */
  readonly words: readonly string[]
  /** Whether the terms fill all tiles, so that none is looked at. */
  readonly wholeSums: boolean
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

/** Terms of a tile, but of those for matrix units. */
const TERMS = 16

/** Tiles that keep a large device busy. */
const BUSY = 160

const threadsOf = ({ rows, columns, threadRows, threadColumns }: Tile): number => (rows / threadRows) * (columns / threadColumns)

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

/** Large tiles are for products that take longer than a compiler does for more text. */
const isLarge = ({ rows, columns }: Tile): boolean => rows * columns > 4096

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
    matrices
      ? matrixProduct(source(shape), shape, { split, scaled, threads: threadsOf(shape) })
      : tiledProduct(source(shape), shape, { wide, split, half, scaled }),
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

/** Code for quotient and remainder by a power of two. Dawn guards divisions, and does not see how large what they give can be. */
const over = (number: string, power: number): string => `(${number} >> ${Math.log2(power)}u)`
const rest = (number: string, power: number): string => `(${number} & ${power - 1})`

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
 * The program: tiles of both operands go through shared memory, sums stay in registers. Fetched ahead, the next tile's numbers are on their way to registers
 * while this one is multiplied. Tiles may be half floats: the product of two is exact in float32.
 */
function tiledProduct(
  { a, b, words, wholeSums, start, store }: ProductSource,
  shape: Tile,
  { wide, split, half, scaled }: Variant,
): ProgramSource {
  const { rows, columns, threadRows, threadColumns } = shape
  const across = columns / threadColumns
  const down = rows / threadRows
  const threads = threadsOf(shape)
  const rowGroups = numbers(threadRows / 4)
  const columnGroups = numbers(threadColumns / 4)
  const loads = [
    loader(a, { name: 'tileA', side: rows, across: down, shape, side0: 'row0', sides: 'rows', scaled: scaled === 'a', wholeSums }),
    loader(b, { name: 'tileB', side: columns, across, shape, side0: 'column0', sides: 'u.columns', scaled: scaled === 'b', wholeSums }),
  ]
  const [tileA, tileB] = loads
  const cells = rowGroups.flatMap((g) => numbers(4).flatMap((r) => columnGroups.map((h) => ({ g, r, h, name: `sum${g}${r}${h}` }))))
  const out = split ? `place = (layer * rows + m) * u.columns;` : store
  const multiply = (i: string): string => `
        let placeA = ${tileA.slot('down', i)};
        let placeB = ${tileB.slot('across', i)};
${rowGroups.map((g) => `        let a${g} = vec4f(tileA[${i}][placeA + ${g * down}]);`).join('\n')}
${columnGroups.map((h) => `        let b${h} = vec4f(tileB[${i}][placeB + ${h * across}]);`).join('\n')}
${cells.map(({ g, r, h, name }) => `        ${name} = fma(vec4f(a${g}[${r}]), b${h}, ${name});`).join('\n')}`
  const multiplyAll = isLarge(shape)
    ? `
      for (var q = 0; q < ${TERMS / 4}; q++) {
${numbers(4)
  .map((term) => `        { ${multiply(`q * 4 + ${term}`)} }`)
  .join('\n')}
      }`
    : `
      for (var i = 0; i < ${TERMS}; i++) {
${multiply('i')}
      }`
  // Loops that count by one: into others Dawn puts a second counter, lest they have no end.
  const rounds = `
  let steps = rounds + 1;
  for (var round = 0; round < steps; round++) {
    let k0 = first + round * ${TERMS};
    if (round < rounds) {
${loads.map(({ fetch }) => fetch).join('\n')}
    }
    if (round > 0) {
${multiplyAll}
    }
    if (round < rounds) {
      workgroupBarrier();
${loads.map(({ put }) => put).join('\n')}
      workgroupBarrier();
    }
  }`
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
var<workgroup> tileA: array<array<vec4<factor>, ${rows / 4}>, ${TERMS}>;
var<workgroup> tileB: array<array<vec4<factor>, ${columns / 4}>, ${TERMS}>;`,
    body: `${scaled ? SCALE : ''}
  var rows = u.rows;
  var inner = u.inner;
  ${start}
  let columnTiles = (u.columns + ${columns - 1}) / ${columns};
  let row0 = group / columnTiles * ${rows};
  let column0 = group % columnTiles * ${columns};
  // Eight columns at most side by side: threads that run together then share rows and columns.
  let across = ${across > 8 ? `(thread & 7) + (${over('thread', 8 * down)} << 3u)` : rest('thread', across)};
  let down = ${across > 8 ? rest('(thread >> 3u)', down) : over('thread', across)};
  let first = ${split ? 'layer * u.chunk' : '0'};
  let end = ${split ? 'min(first + u.chunk, inner)' : 'inner'};
  let rounds = (end - first + ${TERMS - 1}) / ${TERMS};
${cells.map(({ name }) => `  var ${name} = vec4f(0.0);`).join('\n')}
${loads.map(({ prepare }) => prepare).join('\n')}
${rounds}
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
  if (wide) return `    if (${column} < u.columns) { y[(place + ${column}) >> 2u] = ${value}; }`
  return numbers(4)
    .map((i) => `    if (${column} + ${i} < u.columns) { y[place + ${column} + ${i}] = (${value})[${i}]; }`)
    .join('\n')
}

/** A tile of an operand in shared memory, `[terms][side / 4]` vectors. */
interface TileOf {
  readonly name: 'tileA' | 'tileB'
  readonly side: number
  /** Threads along the side. */
  readonly across: number
  readonly shape: Tile
  /** Code: the tile's first row or column, and how many there are. */
  readonly side0: string
  readonly sides: string
  readonly scaled: boolean
  readonly wholeSums: boolean
}

/** Code that brings a tile of an operand into shared memory. */
interface Loader {
  /** Before the sum. */
  readonly prepare: string
  /** From the tensor into registers. */
  readonly fetch: string
  /** From there into shared memory. */
  readonly put: string
  /** Where vector `place` of term `i` lies. */
  readonly slot: (place: string, i: string) => string
}

function loader(
  { buffer, width, along, whole, prepare, locate }: Operand,
  { name, side, across, shape, side0, sides, scaled, wholeSums }: TileOf,
): Loader {
  const threads = threadsOf(shape)
  const units = (side * TERMS) / width
  const count = Math.ceil(units / threads)
  const excess = count * threads > units
  const alongSum = along === 'sum'
  const run = (alongSum ? TERMS : side) / width
  const type = width === 4 ? 'vec4f' : 'f32'
  // A thread's units have their term in common where that is possible: what belongs to a term is computed once.
  const perTerm = threads / TERMS
  const [s, t] = alongSum
    ? [`${over('thread', run)} + j * ${threads / run}`, `${rest('thread', run)} * ${width}`]
    : run >= perTerm
      ? [`(${rest('thread', perTerm)} + j * ${perTerm}) * ${width}`, over('thread', perTerm)]
      : [`${rest('thread', run)} * ${width}`, `${over('thread', run)} + j * ${threads / run}`]
  // Loops, not one text for each of many units: some compilers take time that grows with the square of a program.
  const loop = count > (isLarge(shape) ? 4 : 2)
  const all = (text: string): string =>
    loop
      ? `
    for (var j = 0; j < ${count}; j++) {
      let s = ${s};
      let t = ${t};${text.replaceAll('#', '[j]')}
    }`
      : numbers(count)
          .map(
            (j) => `
    {
      const j = ${j};
      let s = ${s};
      let t = ${t};${text.replaceAll('#', `${j}`)}
    }`,
          )
          .join('')
  const declare = (array: string, of: string): string =>
    loop
      ? `  var ${array}: array<${of}, ${count}>;`
      : numbers(count)
          .map((j) => `  var ${array}${j}: ${of};`)
          .join('\n')
  const checks = [...(whole && !excess ? [] : [`m < ${sides}`]), ...(wholeSums && !excess ? [] : ['k < end'])]
  // Threads that run together put numbers of several terms into one column, which would all lie in the same banks of the memory: terms are shifted against each other.
  const shifted = alongSum && side >= 32 && across % 8 === 0
  const slot = (place: string, i: string): string =>
    shifted ? `(${place}) ^ ${width === 4 ? `(${over(`(${i})`, 4)} * ${32 / TERMS})` : rest(`(${i})`, 8)}` : place
  const value = scaled ? 'value * scale' : 'value'
  const put =
    width === 1
      ? `${name}[t][${slot('s >> 2u', 't')}][s & 3] = factor(${value});`
      : alongSum
        ? `let place = ${slot('s >> 2u', 't')}; ${numbers(4)
            .map((i) => `${name}[t + ${i}][place][s & 3] = factor((${value})[${i}]);`)
            .join(' ')}`
        : `${name}[t][s >> 2u] = vec4<factor>(${value});`
  const fetched = `${name}Next`
  const held = `${name}Held`
  return {
    prepare: `${declare(fetched, type)}
${
  prepare
    ? `${declare(held, 'vec3i')}
${all(`
      let m = ${side0} + s;
      var h: vec3i;
      ${prepare}
      ${held}# = h;`)}`
    : ''
}`,
    fetch: all(`
      let m = ${side0} + s;
      let k = k0 + t;
      ${prepare ? `let h = ${held}#;` : ''}
      var place = 0;
      var inside = ${checks.join(' && ') || 'true'};
      ${locate}
      var value = ${type}(0.0);
      if (inside) { value = ${buffer}[${width === 4 ? 'place >> 2u' : 'place'}]; }
      ${fetched}# = value;`),
    put: all(`
      let value = ${fetched}#;
      ${excess ? `if (${alongSum ? `s < ${side}` : `t < ${TERMS}`}) { ${put} }` : put}`),
    slot,
  }
}
