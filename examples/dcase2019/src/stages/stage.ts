import { existsSync } from 'node:fs'
import { doneStage, recordStage } from '../run/run-folder.js'
import type { RunFolder, StageRecord } from '../run/run-folder.js'
import type { StageOptions } from './stage-options.js'

/**
 * Runs one stage: passes it over when its record is done under the same key, reports start and end, and writes the record.
 *
 * @param about `key`: hash of everything that the result depends on; `outputs`: files without which it is not done, whatever the record says; `holds`: the same as
 * a question
 * @param work returns JSON-safe details for the record and a note for the terminal
 */
export async function runStage(
  run: RunFolder,
  options: StageOptions,
  about: { readonly stage: string; readonly key: string; readonly outputs?: readonly string[]; readonly holds?: () => boolean },
  work: () => Promise<{ readonly note?: string; readonly details?: Record<string, unknown> }>,
): Promise<void> {
  const { stage, key, outputs = [], holds = () => true } = about
  const done = outputs.every((path) => existsSync(path)) && holds() ? doneStage(run, stage, key) : undefined
  if (done) {
    options.report({ type: 'stage', stage, state: 'already done', ...(typeof done['note'] === 'string' ? { note: done['note'] } : {}) })
    return
  }
  options.signal.throwIfAborted()
  const started = new Date()
  const record = (status: StageRecord['status'], details: Record<string, unknown> = {}) => {
    const seconds = Math.round((Date.now() - started.getTime()) / 100) / 10
    recordStage(run, stage, { status, key, started: started.toISOString(), seconds, ...details })
    return seconds
  }
  options.report({ type: 'stage', stage, state: 'started' })
  record('running')
  try {
    const { note, details } = await work()
    const seconds = record('done', { ...details, ...(note === undefined ? {} : { note }) })
    options.report({ type: 'stage', stage, state: 'done', seconds, ...(note === undefined ? {} : { note }) })
  } catch (error) {
    try {
      record(options.signal.aborted ? 'interrupted' : 'failed')
    } catch {
      // a full disk is what failed: the first error says so
    }
    throw error
  }
}
