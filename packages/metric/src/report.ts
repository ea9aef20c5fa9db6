import { bootstrapInterval } from './bootstrap-interval.js'
import { compareSystems, type Comparison } from './compare-systems.js'
import type { AlignedClips } from './csv/align-csv.js'
import { lwlrap } from './lwlrap.js'
import type { Ties } from './rank.js'
import type { ResampleOptions, Spread } from './resample.js'

/** One class of a report. */
export interface ClassReport {
  readonly label: string
  /** Null for a class without positives. */
  readonly lwlrap: number | null
  readonly weight: number
  readonly positives: number
}

/** Scores of all clips, or of those of one usage. */
export interface PartReport {
  /** Null when no clip has a label. */
  readonly overall: number | null
  /** Null when it was not asked for, or no clip has a label. */
  readonly interval: Spread | null
  readonly clips: number
  readonly clipsWithPositives: number
  readonly perClass: readonly ClassReport[]
}

/** What the command prints with --json. */
export interface Report extends PartReport {
  readonly ties: Ties
  /** Coverage of the intervals, and the number of resamples behind them (0: no intervals). */
  readonly level: number
  readonly resamples: number
  /** One part per usage of the truth; null without a `usage` column. */
  readonly usage: Readonly<Record<string, PartReport>> | null
  /** Against the other submission; null without one. */
  readonly comparison: Omit<Comparison, 'level' | 'resamples'> | null
}

/** How a report is made. `makeRng` starts the same stream each time, so that a part does not depend on the others. */
export interface ReportOptions {
  readonly ties: Ties
  readonly level: number
  readonly resamples: number
  readonly makeRng: () => ResampleOptions['rng']
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

function select(aligned: AlignedClips, usage: string): AlignedClips {
  const rows = aligned.clips.map((_, row) => row).filter((row) => aligned.usage?.[row] === usage)
  const count = aligned.classes.length
  return {
    classes: aligned.classes,
    clips: rows.map((row) => aligned.clips[row]),
    truth: Uint8Array.from(rows.flatMap((row) => [...aligned.truth.subarray(row * count, (row + 1) * count)])),
    scores: Float64Array.from(rows.flatMap((row) => [...aligned.scores.subarray(row * count, (row + 1) * count)])),
    usage: rows.map(() => usage),
  }
}

function reportPart({ classes, truth, scores }: AlignedClips, options: ReportOptions): PartReport {
  const { ties, level, resamples, makeRng } = options
  const settings = { classes: classes.length, ties }
  const { overall, perClass, weights, positives, clips, clipsWithPositives } = lwlrap(truth, scores, settings)
  const withInterval = resamples > 0 && clipsWithPositives > 0
  const bootstrap = withInterval ? bootstrapInterval(truth, scores, { ...settings, level, resamples, rng: makeRng() }) : null
  return {
    overall: orNull(overall),
    interval: bootstrap && { low: bootstrap.low, high: bootstrap.high, standardError: bootstrap.standardError },
    clips,
    clipsWithPositives,
    perClass: classes.map((label, i) => ({ label, lwlrap: orNull(perClass[i]), weight: weights[i], positives: positives[i] })),
  }
}

/** Scores all clips, each usage apart, and the difference to another submission. */
export function makeReport(aligned: AlignedClips, other: AlignedClips | null, options: ReportOptions): Report {
  const { ties, level, resamples, makeRng } = options
  const kinds = aligned.usage === null ? [] : [...new Set(aligned.usage)].sort().toReversed() // Public before Private
  const compare = (b: AlignedClips): Report['comparison'] => {
    const settings = { classes: aligned.classes.length, ties, level, resamples, rng: makeRng() }
    const { overallA, overallB, difference, low, high, standardError, pValue } = compareSystems(
      aligned.truth,
      aligned.scores,
      b.scores,
      settings,
    )
    return { overallA, overallB, difference, low, high, standardError, pValue }
  }
  return {
    ...reportPart(aligned, options),
    ties,
    level,
    resamples,
    usage: aligned.usage && Object.fromEntries(kinds.map((kind) => [kind, reportPart(select(aligned, kind), options)])),
    comparison: other && compare(other),
  }
}

const fixed = (value: number | null): string => (value === null ? '-' : value.toFixed(4))

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

/** The report as text for people. */
export function formatReport(report: Report): string {
  const percent = `${+(report.level * 100).toFixed(2)} %`
  const parts: [string, PartReport][] = [['All', report], ...Object.entries(report.usage ?? {})]
  const withInterval = report.resamples > 0
  const overall = table([
    ['clips', 'lwlrap', ...(withInterval ? [`${percent} interval`] : []), 'number', 'labelled'],
    ...parts.map(([name, part]) => [
      name,
      fixed(part.overall),
      ...(withInterval ? [part.interval === null ? '-' : `${fixed(part.interval.low)} to ${fixed(part.interval.high)}`] : []),
      String(part.clips),
      String(part.clipsWithPositives),
    ]),
  ])
  const classes = table([
    ['class', 'lwlrap', 'weight', 'positives'],
    ...report.perClass.map(({ label, lwlrap, weight, positives }) => [label, fixed(lwlrap), fixed(weight), String(positives)]),
  ])
  const { comparison } = report
  const compared =
    comparison === null
      ? []
      : [
          `against ${fixed(comparison.overallB)}: ${comparison.difference < 0 ? '' : '+'}${fixed(comparison.difference)}` +
            ` (${percent} interval ${fixed(comparison.low)} to ${fixed(comparison.high)}, p = ${comparison.pValue.toPrecision(2)})`,
        ]
  return [overall, ...compared, classes].join('\n\n')
}
