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

/** Threads of a workgroup. */
export const threadsOf = ({ rows, columns, threadRows, threadColumns }: Tile): number => (rows / threadRows) * (columns / threadColumns)

/** WGSL that sets how many `rows` and terms (`inner`) there are, the tile's first row and column, its first and last term, and in how many rounds it goes from one to the other. */
export const placeOf = ({ rows, columns, terms }: Tile, start: string, split: boolean): string => `
  var rows = u.rows;
  var inner = u.inner;
  ${start}
  let columnTiles = (u.columns + ${columns - 1}) / ${columns};
  let row0 = group / columnTiles * ${rows};
  let column0 = group % columnTiles * ${columns};
  let first = ${split ? 'layer * u.chunk' : '0'};
  let end = ${split ? 'min(first + u.chunk, inner)' : 'inner'};
  let rounds = (end - first + ${terms - 1}) / ${terms};`

/** 0 to `count` - 1. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
