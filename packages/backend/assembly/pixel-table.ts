// Where the pixels of windows lie, for products that store rows at addresses of their own.

/** Whether all windows of a block of `count` lie in the image and fill tiles of 4: then the address of the first pixel is that of all. */
export function isWhole(rows: i32, columns: i32, size: i32, count: i32): bool {
  return rows % size == 0 && columns % size == 0 && (count & 3) == 0
}

/**
 * Addresses of the pixels of windows: `size` x `size` pixels each, of images of `rows` x `columns` pixels of `pixel` bytes; a line of `count`, rounded up to 4, for each
 * pixel of a window, or, if all are `whole`, for the first one. Pixels outside of the image, and those of the windows that fill up a line, go to `spill`.
 */
export function fillPixelTable(
  target: usize,
  rows: i32,
  columns: i32,
  pixel: usize,
  size: i32,
  first: i32,
  count: i32,
  whole: bool,
  table: usize,
  spill: usize,
): void {
  const windowRows = (rows + size - 1) / size
  const windowColumns = (columns + size - 1) / size
  const windows = windowRows * windowColumns
  const line = (<usize>((count + 3) & ~3)) << 2
  let image = first / windows
  let row = (first - image * windows) / windowColumns
  let column = first - image * windows - row * windowColumns
  const end = table + line
  for (let i = 0; table < end; i++) {
    let pixels = target + <usize>((image * rows + size * row) * columns + size * column) * pixel
    if (whole) {
      store<u32>(table, pixels)
    } else {
      let to = table
      for (let y = size * row; y < size * (row + 1); y++) {
        for (let x = 0; x < size; x++) {
          const inside = i < count && y < rows && size * column + x < columns
          store<u32>(to, inside ? pixels + <usize>x * pixel : spill)
          to += line
        }
        pixels += <usize>columns * pixel
      }
    }
    table += 4
    if (++column == windowColumns) {
      column = 0
      if (++row == windowRows) {
        row = 0
        image++
      }
    }
  }
}
