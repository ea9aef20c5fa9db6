import { nearest } from '../cli/nearest.js'
import { openClipFolder } from './clip-files.js'
import type { ClipFile } from './clip-files.js'
import { csvTable } from './csv-table.js'
import type { CsvRow, CsvTable } from './csv-table.js'
import { DataError } from './data-error.js'
import type { DataErrorCode, DataProblem } from './data-error.js'
import { knownBadClips } from './known-bad-clips.js'
import { detectLayout } from './layout.js'
import type { Layout, LayoutName, SplitName } from './layout.js'

/** One row of a table. JSON-safe. */
export interface Clip {
  /** File name as the table has it, with its ending: the row name of a submission. */
  readonly name: string
  /** null only where `kept` is false because the file is missing. */
  readonly file: ClipFile | null
  /** Names of the vocabulary, in the order of the table; null where the data set keeps them secret (Kaggle's test). */
  readonly labels: readonly string[] | null
  /** Half of the test set a clip is scored in (Zenodo). */
  readonly usage?: 'Public' | 'Private'
  /** false: not to be trained on or scored. The row stays, so that folds do not shift. */
  readonly kept: boolean
  /** Why not. */
  readonly reason?: string
  /** One of the clips that the makers of the data set named as faulty: left out by choice, unlike a row that cannot be used. */
  readonly knownBad?: true
}

/** A data set: tables read and checked, every clip found, nothing decoded yet. */
export interface Dataset {
  readonly dir: string
  readonly layout: LayoutName
  /** Vocabulary in the order of the submission's columns. */
  readonly classes: readonly string[]
  readonly curated: readonly Clip[]
  readonly noisy: readonly Clip[]
  readonly test: readonly Clip[]
  /** With `skipBad`: what was left out, and why. */
  readonly problems: readonly DataProblem[]
}

export interface OpenDatasetOptions {
  /** Leave bad rows out (`kept: false`) and list them in `problems` instead of throwing. Default false. */
  readonly skipBad?: boolean
}

/**
 * Opens FSDKaggle2019 in Zenodo's or Kaggle's layout, or MiniFSD; audio in folders or in (split) zips.
 *
 * Labels are split at commas. Clips known to be bad are kept as rows with `kept: false`. A row is one clip: folds are made over all rows.
 *
 * @throws DataError naming file and line: a missing table, column or sound, an unknown or empty label, a name given twice
 */
export async function openDataset(dir: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const layout = detectLayout(dir)
  const classes = readClasses(layout)
  const problems: DataProblem[] = []
  const [curated, noisy, test] = [
    await readSplit(layout, 'curated', classes, problems),
    await readSplit(layout, 'noisy', classes, problems),
    await readSplit(layout, 'test', classes, problems),
  ]
  if (layout.name === 'minifsd') checkSubmissionRows(layout, test, problems)
  if (problems.length > 0 && options.skipBad !== true) throw DataError.of(problems)
  return { dir, layout: layout.name, classes, curated, noisy, test, problems }
}

/** The vocabulary, in submission order. */
function readClasses({ vocabulary: { file, kind } }: Layout): readonly string[] {
  if (kind === 'submission') {
    const [first, ...classes] = csvTable(file, ['fname']).columns
    if (first !== 'fname')
      throw new DataError('csv-header', `${file} line 1: the first column must be 'fname', got '${first}'.`, { file, line: 1 })
    return checkClasses(
      file,
      classes.map((name) => ({ name, line: 1 })),
    )
  }
  const rows = csvTable(file, null).rows
  const start = Number(rows[0]?.fields[0])
  rows.forEach(({ line, fields }, index) => {
    if (fields.length >= 2 && Number(fields[0]) === start + index && (start === 0 || start === 1)) return
    throw new DataError(
      'csv-value',
      `${file} line ${line}: expected ${Number.isInteger(start) ? start + index : 0},LABEL (no header, numbered from 0), got '${fields.join(',')}'.`,
      { file, line },
    )
  })
  return checkClasses(
    file,
    rows.map(({ line, fields }) => ({ name: fields[1].trim(), line })),
  )
}

function checkClasses(file: string, classes: readonly { name: string; line: number }[]): readonly string[] {
  const seen = new Set<string>()
  for (const { name, line } of classes) {
    const fault =
      name === ''
        ? 'is empty'
        : name.includes(',')
          ? 'holds a comma, which separates labels'
          : seen.has(name)
            ? 'is there twice'
            : undefined
    if (fault !== undefined) throw new DataError('csv-value', `${file} line ${line}: class '${name}' ${fault}.`, { file, line })
    seen.add(name)
  }
  if (seen.size < 2) throw new DataError('csv-header', `${file}: at least two classes are needed, got ${seen.size}.`, { file })
  return [...seen]
}

async function readSplit(layout: Layout, split: SplitName, classes: readonly string[], problems: DataProblem[]): Promise<Clip[]> {
  const labelled = split !== 'test' || layout.testLabels
  const wanted = ['fname', ...(labelled ? ['labels'] : []), ...(split === 'test' && layout.usage ? ['usage'] : [])]
  const table = csvTable(layout.tables[split], wanted)
  if (table.rows.length === 0) throw new DataError('csv', `${table.file}: has a header and no rows.`, { file: table.file })
  const folder = await openClipFolder(layout.audio[split])
  const column = (name: string): number => table.columns.indexOf(name)
  const vocabulary = new Set(classes)
  const lineOf = new Map<string, number>()
  const clips: Clip[] = []
  for (const row of table.rows) {
    const name = row.fields[column('fname')].trim()
    const faults: DataProblem[] = []
    const fault = (code: DataErrorCode, text: string): void => {
      faults.push({ code, file: table.file, line: row.line, clip: name, message: `${table.file} line ${row.line}: ${text}` })
    }
    if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) {
      fault('csv-value', `fname must be a plain file name, got '${name}'.`)
      problems.push(...faults)
      continue
    }
    const earlier = lineOf.get(name)
    if (earlier !== undefined) {
      // The same clip again is no second clip: with skipBad the first counts.
      fault('duplicate-name', `'${name}' is on line ${earlier} already. Remove one.`)
      problems.push(...faults)
      continue
    }
    lineOf.set(name, row.line)
    const labels = labelled ? readLabels(row.fields[column('labels')], vocabulary, fault) : null
    const usage = column('usage') >= 0 ? readUsage(row, column('usage'), fault) : undefined
    const file = folder.find(name)
    if (file === undefined) fault('missing-file', `'${name}' is not in ${folder.place}. Download it again, or remove the line.`)
    problems.push(...faults)
    const faulty = knownBad(layout, split, name)
    const reason = faults[0]?.message ?? (faulty && `known to be bad: ${faulty}`)
    clips.push({
      name,
      file: file ?? null,
      labels,
      ...(usage === undefined ? {} : { usage }),
      kept: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(faults.length === 0 && faulty !== undefined ? { knownBad: true } : {}),
    })
  }
  return clips
}

type Fault = (code: DataErrorCode, text: string) => void

function readLabels(field: string, vocabulary: ReadonlySet<string>, fault: Fault): readonly string[] {
  const labels: string[] = []
  const names = field.split(',').map((label) => label.trim())
  if (names.every((name) => name === '')) {
    fault('empty-labels', 'no labels. Every clip needs at least one.')
    return labels
  }
  for (const label of names) {
    if (labels.includes(label)) fault('csv-value', `label '${label}' is given twice. Remove one.`)
    else if (vocabulary.has(label)) labels.push(label)
    else fault('unknown-label', `unknown label '${label}'${nearest(label, [...vocabulary])}.`)
  }
  return labels
}

function readUsage(row: CsvRow, column: number, fault: Fault): 'Public' | 'Private' | undefined {
  const usage = row.fields[column].trim()
  if (usage === 'Public' || usage === 'Private') return usage
  fault('csv-value', `usage must be Public or Private, got '${usage}'.`)
  return undefined
}

function knownBad(layout: Layout, split: SplitName, name: string): string | undefined {
  if (layout.name === 'minifsd' || split !== 'curated') return undefined
  return knownBadClips[name.replace(/\.[^.]*$/, '')]
}

/** MiniFSD gives the test clips twice; they must be the same ones. */
function checkSubmissionRows(layout: Layout, test: readonly Clip[], problems: DataProblem[]): void {
  const submission: CsvTable = csvTable(layout.vocabulary.file, ['fname'])
  const names = new Set(test.map((clip) => clip.name))
  const fault = (line: number | undefined, text: string, clip: string): void => {
    const message = `${submission.file}${line === undefined ? '' : ` line ${line}`}: ${text}`
    problems.push({ code: 'csv-value', file: submission.file, ...(line === undefined ? {} : { line }), clip, message })
  }
  const rows = new Set<string>()
  for (const { line, fields } of submission.rows) {
    rows.add(fields[0])
    if (!names.has(fields[0])) fault(line, `'${fields[0]}' is not in ${layout.tables.test}.`, fields[0])
  }
  for (const name of names) if (!rows.has(name)) fault(undefined, `'${name}' of ${layout.tables.test} is missing.`, name)
}
