/** WGSL's `reduced(thread, number)`: the numbers of all threads of a workgroup, put together two by two in a fixed order; for the first thread. */
export const workgroupReduction = (threads: number, together: (a: string, b: string) => string): string => `
var<workgroup> numbers: array<f32, ${threads}>;
fn reduced(thread: i32, number: f32) -> f32 {
  numbers[thread] = number;
  for (var half = ${threads / 2}; half > 0; half /= 2) {
    workgroupBarrier();
    if (thread < half) { numbers[thread] = ${together('numbers[thread]', 'numbers[thread + half]')}; }
  }
  return numbers[thread];
}`

/** Their sum. */
export const sum = (a: string, b: string): string => `${a} + ${b}`
