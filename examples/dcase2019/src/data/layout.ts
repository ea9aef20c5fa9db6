import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { DataError } from './data-error.js'

/** How the data set was packed. */
export type LayoutName = 'minifsd' | 'kaggle' | 'zenodo'

/** The three parts of the data set, in the order everything is written in. */
export const splitNames: readonly SplitName[] = ['curated', 'noisy', 'test']
export type SplitName = 'curated' | 'noisy' | 'test'

/** Where a layout keeps its tables and its audio. */
export interface Layout {
  readonly name: LayoutName
  /** Table per split; Kaggle's test has no labels, only the rows of the sample submission. */
  readonly tables: Readonly<Record<SplitName, string>>
  readonly testLabels: boolean
  /** Test rows carry `usage`: Public or Private. */
  readonly usage: boolean
  /** File that gives the class order: `fname` + a column a class, or (no header) index,label. */
  readonly vocabulary: { readonly file: string; readonly kind: 'submission' | 'vocabulary' }
  /** Path without ending: a folder of that name, or that name + `.zip`. */
  readonly audio: Readonly<Record<SplitName, string>>
}

/**
 * Recognises the layout of a folder by its tables: FSDKaggle2019 as Zenodo ships it, as Kaggle ships it, or MiniFSD (Kaggle's with test labels).
 *
 * @throws DataError `missing-data`
 */
export function detectLayout(dir: string): Layout {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new DataError('missing-data', `${dir}: no such folder. Give the folder that holds the data set.`, { file: dir })
  }
  const at = (...names: string[]): string => join(dir, ...names)
  const meta = existsSync(at('FSDKaggle2019.meta')) ? 'FSDKaggle2019.meta' : '.'
  if (existsSync(at(meta, 'train_curated_post_competition.csv'))) {
    return {
      name: 'zenodo',
      tables: {
        curated: at(meta, 'train_curated_post_competition.csv'),
        noisy: at(meta, 'train_noisy_post_competition.csv'),
        test: at(meta, 'test_post_competition.csv'),
      },
      testLabels: true,
      usage: true,
      vocabulary: { file: at(meta, 'vocabulary.csv'), kind: 'vocabulary' },
      audio: {
        curated: at('FSDKaggle2019.audio_train_curated'),
        noisy: at('FSDKaggle2019.audio_train_noisy'),
        test: at('FSDKaggle2019.audio_test'),
      },
    }
  }
  if (existsSync(at('train_curated.csv'))) {
    const labelled = existsSync(at('test.csv'))
    return {
      name: labelled ? 'minifsd' : 'kaggle',
      tables: {
        curated: at('train_curated.csv'),
        noisy: at('train_noisy.csv'),
        test: labelled ? at('test.csv') : at('sample_submission.csv'),
      },
      testLabels: labelled,
      usage: false,
      vocabulary: { file: at('sample_submission.csv'), kind: 'submission' },
      audio: { curated: at('train_curated'), noisy: at('train_noisy'), test: at('test') },
    }
  }
  const found = readdirSync(dir).slice(0, 8).join(', ')
  throw new DataError(
    'missing-data',
    `${dir}: holds neither train_curated.csv (Kaggle, MiniFSD) nor FSDKaggle2019.meta/train_curated_post_competition.csv (Zenodo). ` +
      `Found: ${found === '' ? 'nothing' : found}. Give the folder that holds the data set.`,
    { file: dir },
  )
}
