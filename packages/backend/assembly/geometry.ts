// What the running correlation walks over. One set per instance, so one per thread.

/** Kernel rows. */
export let tapRows: i32 = 0
/** Contiguous input elements under one kernel row: kernel width times input channels. */
export let run: i32 = 0
/** Bytes between two rows of the source. */
export let sourcePitch: usize = 0
/** Bytes from an output pixel's window to the next one's in its row. */
export let sourceStep: usize = 0
/** Bytes from the window after the last pixel of a row to the first of the next row. */
export let sourceRowSkip: usize = 0
/** Bytes from an output pixel to the next one in its row. */
export let targetStep: usize = 0
/** Bytes from the pixel after the last one of a row to the first of the next row. */
export let targetRowSkip: usize = 0
/** Output pixels in a row. */
export let gridWidth: i32 = 0

/** Sets the kernel: rows of taps and elements a row. */
export function setKernel(rows: i32, elements: i32): void {
  tapRows = rows
  run = elements
}

/** Sets how windows step over the source, in bytes; `stepRows` is the stride in rows. */
export function setSource(pitch: usize, step: usize, stepRows: usize, width: i32): void {
  sourcePitch = pitch
  sourceStep = step
  sourceRowSkip = stepRows * pitch - step * width
  gridWidth = width
}

/** Sets how outputs step over the target, in bytes. */
export function setTarget(step: usize, pitch: usize, width: i32): void {
  targetStep = step
  targetRowSkip = pitch - step * width
}
