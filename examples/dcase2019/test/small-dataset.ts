import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programFolder } from '../src/config/load-config.js'

const source = join(programFolder, 'data/minifsd-open')

/** A data set of the first clips of MiniFSD-open's splits, to train on in seconds. */
export function smallDataset(folder: string, clips: { readonly curated: number; readonly noisy: number; readonly test: number }): string {
  const splits = [
    ['train_curated', clips.curated],
    ['train_noisy', clips.noisy],
    ['test', clips.test],
  ] as const
  for (const [split, count] of splits) {
    mkdirSync(join(folder, split), { recursive: true })
    const lines = readFileSync(join(source, `${split}.csv`), 'utf8')
      .trim()
      .split('\n')
      .slice(0, count + 1)
    writeFileSync(join(folder, `${split}.csv`), `${lines.join('\n')}\n`)
    for (const line of lines.slice(1)) {
      const name = line.split(',')[0]
      copyFileSync(join(source, split, name), join(folder, split, name))
    }
  }
  const submission = readFileSync(join(source, 'sample_submission.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(0, clips.test + 1)
  writeFileSync(join(folder, 'sample_submission.csv'), `${submission.join('\n')}\n`)
  return folder
}
