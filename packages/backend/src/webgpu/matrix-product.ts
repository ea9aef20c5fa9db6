import { SCALE } from './half-floats.js'
import { numbers, placeOf, threadsOf } from './product-source.js'
import type { Operand, ProductSource, Tile } from './product-source.js'
import type { ProgramSource } from './program.js'

/** Threads of a subgroup, and rows, columns and terms of a matrix that it multiplies. */
const LANES = 32
const SIDE = 16

/** Half floats between rows of a tile in shared memory, so that they do not all begin in the same bank. */
const GAP = 8

/** Terms of a tile. */
export const MATRIX_TERMS = 32

/** The feature of a device that multiplies matrices. Dawn's; not in WebGPU yet. */
export const MATRICES = 'chromium-experimental-subgroup-matrix'

/** Whether a device multiplies 16 × 16 matrices of half floats into float32 by subgroups of 32 threads, and has the shared memory for it. */
export function hasMatrices({ features, limits }: GPUDevice, info: GPUAdapterInfo): boolean {
  const { subgroupMatrixConfigs: configs = [] } = info as { subgroupMatrixConfigs?: readonly Record<string, unknown>[] }
  return (
    features.has(MATRICES) &&
    features.has('shader-f16') &&
    info.subgroupMinSize === LANES &&
    info.subgroupMaxSize === LANES &&
    limits.maxComputeWorkgroupStorageSize >= 2 ** 15 &&
    configs.some(
      ({ componentType, resultComponentType, M, N, K }) =>
        componentType === 'f16' && resultComponentType === 'f32' && M === SIDE && N === SIDE && K === SIDE,
    )
  )
}

/** A tile in shared memory, `[side][terms]` where neighbours lie along the sum, else `[terms][side]`. */
interface TileCode {
  readonly declaration: string
  readonly prepare: string
  readonly fetch: string
  readonly put: string
  /** The matrix of `kind` that begins at a row or column and a term. */
  readonly load: (kind: 'left' | 'right', side: string, term: string) => string
}

function tileCode(
  { buffer, along, whole, prepare, locate }: Operand,
  of: { name: string; side: number; threads: number; side0: string; sides: string; scaled: boolean; wholeSums: boolean },
): TileCode {
  const { name, side, threads, side0, sides, scaled, wholeSums } = of
  const alongSum = along === 'sum'
  const [length, count] = alongSum ? [MATRIX_TERMS, side] : [side, MATRIX_TERMS]
  const stride = length + GAP
  const each = (side * MATRIX_TERMS) / 4 / threads
  const [across, along4] = [`(unit >> ${Math.log2(length / 4)}u)`, `(unit & ${length / 4 - 1}) * 4`]
  const checks = [...(whole ? [] : [`m < ${sides}`]), ...(wholeSums ? [] : ['k < end'])]
  const all = (text: string): string => `
    for (var j = 0; j < ${each}; j++) {
      let unit = thread + j * ${threads};
      let s = ${alongSum ? across : along4};
      let t = ${alongSum ? along4 : across};${text}
    }`
  return {
    declaration: `var<workgroup> ${name}: array<f16, ${stride * count}>;`,
    prepare: `
  var ${name}Next: array<vec4f, ${each}>;
  ${
    prepare
      ? `var ${name}Held: array<vec3i, ${each}>;${all(`
      let m = ${side0} + s;
      var h: vec3i;
      ${prepare}
      ${name}Held[j] = h;`)}`
      : ''
  }`,
    fetch: all(`
      let m = ${side0} + s;
      let k = k0 + t;
      ${prepare ? `let h = ${name}Held[j];` : ''}
      var place = 0;
      var inside = ${checks.join(' && ') || 'true'};
      ${locate}
      var value = vec4f(0.0);
      if (inside) { value = ${buffer}[place / 4]; }
      ${name}Next[j] = value;`),
    put: all(`
      let at = ${alongSum ? `s * ${stride} + t` : `t * ${stride} + s`};
      let value = vec4<f16>(${name}Next[j]${scaled ? ' * scale' : ''});
      ${numbers(4)
        .map((i) => `${name}[at + ${i}] = value[${i}];`)
        .join(' ')}`),
    load: (kind, side, term) => {
      const rows = (kind === 'left') === alongSum
      const place = alongSum ? `(${side}) * ${stride} + ${term}` : `(${term}) * ${stride} + ${side}`
      return `subgroupMatrixLoad<subgroup_matrix_${kind}<f16, ${SIDE}, ${SIDE}>, ${rows ? 'row_major' : 'col_major'}>(&${name}, ${place}, ${stride})`
    },
  }
}

/**
 * The product by matrix units: tiles of half floats, sums in float32, each subgroup 16 × 16 numbers at a time. Operands have units of four. The sums go
 * through shared memory on their way out, since which thread holds which is the device's business.
 */
export function matrixProduct(
  { a, b, words, wholeSums, start, store }: ProductSource,
  shape: Tile,
  { split, scaled }: { split: boolean; scaled: 'a' | 'b' | undefined },
): ProgramSource {
  const { rows, columns } = shape
  const threads = threadsOf(shape)
  const subgroups = threads / LANES
  const side = { threads, wholeSums }
  const tileA = tileCode(a, { ...side, name: 'tileA', side: rows, side0: 'row0', sides: 'rows', scaled: scaled === 'a' })
  const tileB = tileCode(b, { ...side, name: 'tileB', side: columns, side0: 'column0', sides: 'u.columns', scaled: scaled === 'b' })
  const [ownRows, ownColumns] = [rows / (subgroups / 2), columns / 2]
  const downs = numbers(ownRows / SIDE)
  const acrosses = numbers(ownColumns / SIDE)
  const sums = downs.flatMap((g) => acrosses.map((h) => ({ g, h, name: `sum${g}${h}` })))
  return {
    halfFloats: true,
    matrices: true,
    reads: { [a.buffer]: 'vec4f', [b.buffer]: 'vec4f', ...(scaled ? { magnitudes: 'f32' } : {}) },
    writes: { y: 'vec4f' },
    words: ['rows', 'columns', 'inner', 'chunk', ...words],
    threads,
    declarations: `
${tileA.declaration}
${tileB.declaration}
var<workgroup> spread: array<f32, ${subgroups * SIDE * SIDE}>;`,
    body: `${scaled ? SCALE : ''}${placeOf(shape, start, split)}
  let lane = i32(laneIndex);
  let subgroup = i32(subgroupId);
  let down = subgroup / 2 * ${ownRows};
  let across = subgroup % 2 * ${ownColumns};
${sums.map(({ name }) => `  var ${name}: subgroup_matrix_result<f32, ${SIDE}, ${SIDE}>;`).join('\n')}
${tileA.prepare}
${tileB.prepare}
  for (var round = 0; ; round++) {
    let k0 = first + round * ${MATRIX_TERMS};
    if (round < rounds) {
${tileA.fetch}
${tileB.fetch}
    }
    if (round > 0) {
      for (var q = 0; q < ${MATRIX_TERMS / SIDE}; q++) {
        let i = q * ${SIDE};
${downs.map((g) => `        let a${g} = ${tileA.load('left', `down + ${g * SIDE}`, 'i')};`).join('\n')}
${acrosses.map((h) => `        let b${h} = ${tileB.load('right', `across + ${h * SIDE}`, 'i')};`).join('\n')}
${sums.map(({ g, h, name }) => `        ${name} = subgroupMatrixMultiplyAccumulate(a${g}, b${h}, ${name});`).join('\n')}
      }
    }
    if (round >= rounds) { break; }
    workgroupBarrier();
${tileA.put}
${tileB.put}
    workgroupBarrier();
  }
  let own = subgroup * ${SIDE * SIDE};
${sums
  .map(
    ({ g, h, name }) => `
  subgroupMatrixStore<row_major>(&spread, own, ${name}, ${SIDE});
  workgroupBarrier();
  for (var part = 0; part < ${(SIDE * SIDE) / 4 / LANES}; part++) {
    let i = lane * 4 + part * ${4 * LANES};
    let m = row0 + down + ${g * SIDE} + (i >> ${Math.log2(SIDE)}u);
    let to = column0 + across + ${h * SIDE} + (i & ${SIDE - 1});
    if (m < rows && to < u.columns) {
      var place: i32;
      ${split ? 'place = (layer * rows + m) * u.columns;' : store}
      y[(place + to) / 4] = vec4f(spread[own + i], spread[own + i + 1], spread[own + i + 2], spread[own + i + 3])${scaled ? ' * unscale' : ''};
    }
  }
  workgroupBarrier();`,
  )
  .join('\n')}`,
  }
}
