import type { RunFolder } from '../run/run-folder.js'
import type { StageOptions } from './stage-options.js'

export async function reportStage(run: RunFolder, _options: StageOptions): Promise<string> {
  return run.report
}
