import { requireInteger } from './require-integer.js'

/** Options of {@link snapshotSchedule}. */
export interface SnapshotScheduleOptions {
  /** Cosine cycles, ≥ 1: one snapshot each. */
  readonly cycles: number
  /** Epochs in a cycle, ≥ 1. The paper: 64 (ResNet), 80 (EnvNet). */
  readonly epochsPerCycle: number
  /** Updates in an epoch, ≥ 1: passes over the curated loader. */
  readonly stepsPerEpoch: number
}

/** The model at the end of one cosine cycle. */
export interface Snapshot {
  /** Number of the cycle, counted from 1 as in the paper. */
  readonly cycle: number
  /** Epochs done, which the authors' file names carry: cycle × epochsPerCycle. */
  readonly epoch: number
  /** Updates done: take the snapshot after update `steps − 1`. */
  readonly steps: number
}

/** What {@link snapshotSchedule} returns. */
export interface SnapshotSchedule {
  /** Updates in a cycle: `stepsPerCycle` of `cyclicCosine`. */
  readonly stepsPerCycle: number
  /** Updates in all. */
  readonly totalSteps: number
  /** One entry a cycle, in order. */
  readonly snapshots: readonly Snapshot[]
}

/**
 * When a run takes its snapshots: after the last update of every cosine cycle.
 *
 * The authors' restart lags one update a cycle (`periodOffset: 1`), but their snapshots are taken at whole epochs too, so this
 * schedule is the same for every variant.
 *
 * @throws `ENSEMBLE_RANGE` for a count below 1
 * @see Akiyama & Sato 2019 §5.3
 * @example
 * import { snapshotSchedule } from '@audiotag/ensemble'
 * const { totalSteps, snapshots } = snapshotSchedule({ cycles: 8, epochsPerCycle: 64, stepsPerEpoch: 63 })
 * totalSteps // => 32256
 * snapshots[7] // => { cycle: 8, epoch: 512, steps: 32256 }
 */
export function snapshotSchedule(options: SnapshotScheduleOptions): SnapshotSchedule {
  const { cycles, epochsPerCycle, stepsPerEpoch } = options
  requireInteger('snapshotSchedule', 'cycles', cycles, 1)
  requireInteger('snapshotSchedule', 'epochsPerCycle', epochsPerCycle, 1)
  requireInteger('snapshotSchedule', 'stepsPerEpoch', stepsPerEpoch, 1)
  const stepsPerCycle = epochsPerCycle * stepsPerEpoch
  const snapshots = Array.from({ length: cycles }, (_, index) => ({
    cycle: index + 1,
    epoch: (index + 1) * epochsPerCycle,
    steps: (index + 1) * stepsPerCycle,
  }))
  return { stepsPerCycle, totalSteps: cycles * stepsPerCycle, snapshots }
}
