import { formatNumber } from './format-number.js'
import type { ReportData, ReportSystem } from './report-data.js'

/** Whether the ensemble was worth it, on `primarySet`. */
export interface EnsembleVerdict {
  /** Null where there is no ensemble, or no model to compare it with. */
  readonly beats: boolean | null
  readonly ensemble: string | null
  /** Best single model, and its score. */
  readonly best: string | null
  readonly bestScore: number | null
  /** Ensemble minus best single model. */
  readonly difference: number | null
  /** The same in one sentence. */
  readonly claim: string
  /** The claim, and what the paired comparison says of it. */
  readonly sentence: string
}

/** Compares the ensemble with the single model that scores best on the very same clips; a tie is not a win. */
export function ensembleVerdict(data: Pick<ReportData, 'systems' | 'primarySet' | 'comparison' | 'intervalLevel'>): EnsembleVerdict {
  const { systems, primarySet } = data
  const scoreOf = (system: ReportSystem | undefined): number | null => {
    const overall = system?.scores.find(({ set }) => set === primarySet)?.overall
    return typeof overall === 'number' && Number.isFinite(overall) ? overall : null
  }
  const ensemble = systems.find((system) => system.kind === 'ensemble' && scoreOf(system) !== null)
  const singles = systems.filter((system) => system.kind === 'model' && scoreOf(system) !== null)
  const best = singles.toSorted((a, b) => (scoreOf(b) ?? 0) - (scoreOf(a) ?? 0))[0] as ReportSystem | undefined
  const bestScore = scoreOf(best)
  const score = scoreOf(ensemble)
  const names = { ensemble: ensemble?.name ?? null, best: best?.name ?? null, bestScore }
  if (score === null || bestScore === null) {
    const missing = score === null ? 'There is no ensemble' : 'There is no single model to compare the ensemble with'
    const claim = `${missing} on ${primarySet}.`
    return { ...names, beats: null, difference: null, claim, sentence: claim }
  }
  const difference = score - bestScore
  const beats = difference > 0
  const claim = beats
    ? `The ensemble beats the best single model (${best?.name}, ${formatNumber(bestScore)}) by ${formatNumber(difference, difference < 0.001 ? 6 : 3)} on ${primarySet}.`
    : `The ensemble does not beat the best single model on ${primarySet}: ${formatNumber(score)} against ${formatNumber(bestScore)} (${best?.name}).`
  return { ...names, beats, difference, claim, sentence: `${claim}${intervalOf(data)}` }
}

function intervalOf({ comparison, intervalLevel }: Pick<ReportData, 'comparison' | 'intervalLevel'>): string {
  if (comparison === null || comparison.low === null || comparison.high === null) return ''
  const { model, low, high, pValue } = comparison
  if (low === 0 && high === 0) return ` Paired bootstrap: ${model} alone scores the same.`
  const clear = low > 0 || high < 0 ? 'it is clear of zero' : 'it includes zero, so these clips are too few to tell the two apart'
  const p = pValue === null ? '' : ` (p = ${formatNumber(pValue)})`
  return ` Paired bootstrap against ${model}: ${formatNumber(comparison.difference)}, ${Math.round(intervalLevel * 100)} % interval ${formatNumber(low)} to ${formatNumber(high)}${p}: ${clear}.`
}
