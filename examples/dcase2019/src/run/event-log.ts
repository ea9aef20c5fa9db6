import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileWhole } from './files.js'
import type { JobEvent, Report } from './events.js'

/** Writes a job's events to `events.jsonl` as they come, and passes them on. */
export interface EventLog {
  (event: JobEvent): void
  /** Writes `metrics.csv` from the events. */
  close(): void
}

/**
 * Opens the log of a training job that goes on after `startStep` updates: later events, of a run that was killed after its last checkpoint, are taken out.
 */
export function createEventLog(folder: string, startStep: number, report: Report): EventLog {
  const path = join(folder, 'events.jsonl')
  const kept = readEvents(folder).filter(({ step }) => step <= startStep)
  writeFileWhole(path, kept.map((event) => `${JSON.stringify(event)}\n`).join(''))
  const log = (event: JobEvent) => {
    try {
      appendFileSync(path, `${JSON.stringify(event)}\n`)
    } catch (cause) {
      throw new Error(`cannot write ${path}: ${(cause as Error).message}`, { cause })
    }
    report(event)
  }
  return Object.assign(log, { close: () => writeFileWhole(join(folder, 'metrics.csv'), metricsCsv(readEvents(folder))) })
}

/** Events of a training job so far; none when there is no log. A line cut by a crash is left out. */
export function readEvents(folder: string): JobEvent[] {
  let text: string
  try {
    text = readFileSync(join(folder, 'events.jsonl'), 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as JobEvent]
    } catch {
      return []
    }
  })
}

function metricsCsv(events: readonly JobEvent[]): string {
  const epochs = events.filter((event) => event.type === 'epoch')
  const names = Object.keys(epochs[0]?.losses ?? {})
  const valid = new Map(events.flatMap((event) => (event.type === 'validation' ? [[event.epoch, event.lwlrap] as const] : [])))
  const rows = epochs.map(({ epoch, step, learningRate, losses, clipsPerSecond }) =>
    [epoch, step, learningRate, ...names.map((name) => losses[name]), clipsPerSecond.toFixed(1), valid.get(epoch) ?? ''].join(','),
  )
  return `${['epoch', 'step', 'learning_rate', ...names.map((name) => `loss_${name}`), 'clips_per_second', 'heldout_lwlrap'].join(',')}\n${rows.map((row) => `${row}\n`).join('')}`
}
