/* Lines for people; all of it is in the JSON too. */

/** One line of the comparison. */
export function printResult(result) {
  const { net, width, batch, backend, precision, simd, threads, msPerStep, counted, steps, dropped, pytorchSteps, pytorchDropped } = result
  const engine = [backend, simd, precision === 'float32' ? undefined : precision].filter(Boolean).join(' ')
  const name = `${net} ${width}, batch ${batch}, ${threads} thread${threads > 1 ? 's' : ''}, ${engine}`.padEnd(56)
  if (result.error !== undefined) {
    console.log(`${name} not measured: ${result.error}`)
    return
  }
  const drops = dropped === undefined ? 'no /proc: all steps count' : `dropped ${dropped} of ${steps}`
  const theirs =
    result.ratio === undefined
      ? ''
      : ` PyTorch ${result.pytorchMsPerStep.toFixed(1).padStart(7)} ms, ratio of quiet steps ${ratio(result.quietSteps)}, of all ${ratio(result.allSteps)}, of the fastest ${ratio(result.fastestSteps)}`
  const theirDrops = pytorchDropped === undefined ? '' : `, of PyTorch's ${pytorchDropped} of ${pytorchSteps}`
  console.log(`${name} ${msPerStep.toFixed(1).padStart(7)} ms${theirs} (${counted} steps; ${drops}${theirDrops})`)
}

/** Gigaflops of each convolution, and how much of the SIMD peak of its threads that is. */
export function printRoofline({ net, width, simd, profiles }, peak) {
  console.log(`\n${net} ${width}, ${simd} SIMD: gigaflops of the direct sum (% of ${peak.toFixed(0)} a thread; Winograd may pass it)`)
  console.log(
    `${'[batch, height, width, in] kernel, out, stride'.padEnd(48)} calls ${profiles
      .map(({ threads }) => `${threads}T ${['forward', 'by input', 'by weights'].map((name) => name.padStart(12)).join(' ')}`)
      .join('  ')}`,
  )
  for (const { shape, calls } of profiles[0].convolutions) {
    const cells = profiles.map(({ threads, convolutions }) => {
      const { gigaflops } = convolutions.find((entry) => entry.shape === shape)
      return ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']
        .map((kernel) => gigaflops[kernel])
        .map((speed) => (speed === undefined ? '–' : `${speed.toFixed(1)} (${((100 * speed) / peak / threads).toFixed(0)} %)`).padStart(12))
        .join(' ')
    })
    console.log(`  ${shape.padEnd(46)} ${String(calls).padStart(5)}    ${cells.join('     ')}`)
  }
}

/** Where the time of a step goes. */
export function printKinds({ net, width, simd, profiles }) {
  console.log(`\n${net} ${width}, ${simd} SIMD: share of a step`)
  for (const { threads, kinds } of profiles) {
    const total = Object.values(kinds).reduce((sum, ms) => sum + ms, 0)
    const parts = Object.entries(kinds).sort(([, a], [, b]) => b - a)
    console.log(`  ${threads} thread${threads > 1 ? 's' : ''}, ${total.toFixed(1)} ms, the fastest with every kernel timed`)
    for (const [kind, ms] of parts)
      console.log(`    ${kind.padEnd(44)} ${ms.toFixed(2).padStart(9)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} %`)
  }
}

function ratio(times) {
  return times?.ratio === undefined ? '–' : times.ratio.toFixed(2)
}
