import { readFileSync } from 'node:fs'
import { averagePredictions, mixMatchSharpen, sharpen, softPseudoLabels } from '@audiotag/ssl'
import { expectClose } from '@audiotag/testkit'
import { test } from 'vitest'

interface Golden {
  snapshots: { shape: [number, number, number, number]; logits: number[] }
  extreme: { probabilities: number[] }
  cases: {
    source: 'snapshots' | 'extreme'
    rule: 'mixmatch' | 'paper'
    activation: 'sigmoid' | 'softmax'
    power: number
    temperature?: number
    exponent?: number
    sharpened: { float64: number[]; tolerance: number }
  }[]
}
const golden = JSON.parse(readFileSync(new URL('golden/sharpening.json', import.meta.url), 'utf8')) as Golden
const classes = golden.snapshots.shape[3]

/** Probabilities of each fold and snapshot, `[clips, classes]`. */
function members(activation: 'sigmoid' | 'softmax'): Float32Array[] {
  const [folds, snapshots, clips] = golden.snapshots.shape
  const size = clips * classes
  return Array.from({ length: folds * snapshots }, (_, member) => {
    const logits = golden.snapshots.logits.slice(member * size, (member + 1) * size)
    if (activation === 'sigmoid') return Float32Array.from(logits, (z) => 1 / (1 + Math.exp(-z)))
    const sums = Array.from({ length: clips }, (_, clip) =>
      logits.slice(clip * classes, (clip + 1) * classes).reduce((sum, z) => sum + Math.exp(z), 0),
    )
    return Float32Array.from(logits, (z, i) => Math.exp(z) / sums[Math.floor(i / classes)])
  })
}

test.each(golden.cases)('$rule, $activation, power $power of $source', ({ source, rule, activation, temperature, exponent, sharpened }) => {
  const p = source === 'extreme' ? Float32Array.from(golden.extreme.probabilities) : averagePredictions(members(activation))
  const result =
    rule === 'paper' ? sharpen(p, { classes, exponent: exponent! }) : mixMatchSharpen(p, { classes, activation, temperature: temperature! })
  expectClose(result, sharpened.float64, { absolute: sharpened.tolerance })
  if (rule === 'paper' && source === 'snapshots') {
    expectClose(softPseudoLabels(members(activation), { classes, exponent: exponent! }), sharpened.float64, {
      absolute: sharpened.tolerance,
    })
  }
})
