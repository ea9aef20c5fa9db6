import { SCALE } from './half-floats.js'
import { numbers, placeOf, threadsOf } from './product-source.js'
import type { Operand, ProductSource, Tile } from './product-source.js'
import type { ProgramSource } from './program.js'

/** Terms of a tile. */
export const TERMS = 16

/** Large tiles are for products that take longer than a compiler does for more text. */
const isLarge = ({ rows, columns }: Tile): boolean => rows * columns > 4096

/** Code for quotient and remainder by a power of two. Dawn guards divisions, and does not see how large what they give can be. */
const over = (number: string, power: number): string => `(${number} >> ${Math.log2(power)}u)`
const rest = (number: string, power: number): string => `(${number} & ${power - 1})`

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
export function tiledProduct(
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
    body: `${scaled ? SCALE : ''}${placeOf(shape, start, split)}
  // Eight columns at most side by side: threads that run together then share rows and columns.
  let across = ${across > 8 ? `(thread & 7) + (${over('thread', 8 * down)} << 3u)` : rest('thread', across)};
  let down = ${across > 8 ? rest('(thread >> 3u)', down) : over('thread', across)};
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
