#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { alignCsv, type AlignedClips } from './csv/align-csv.js'
import { nearest } from './csv/nearest.js'
import { readScoresCsv } from './csv/read-scores-csv.js'
import { readTruthCsv } from './csv/read-truth-csv.js'
import { MetricError } from './errors.js'
import { formatReport, makeReport } from './report.js'

const help = `Usage: lwlrap TRUTH.csv SCORES.csv [options]

  lwlrap test_post_competition.csv submission.csv                      overall, Public, Private, per class
  lwlrap test_post_competition.csv private.csv --usage Private         a submission that holds only these clips
  lwlrap truth.csv submission.csv --json > result.json                 one JSON document
  lwlrap truth.csv submission.csv --compare other.csv                  is the difference more than chance?

  TRUTH.csv   fname,labels (several labels: "Bark,Meow"), or fname and a 0/1 column per class; optional column usage
  SCORES.csv  fname and a column of scores per class; any order of rows and columns

  --json           { overall, perClass: [{ label, lwlrap, weight, positives }], … } on stdout
  --usage NAME     only the clips with this usage
  --compare FILE   scores of another system on the same clips
  --ties RULE      max: equal scores share the worst rank, as in scikit-learn; index: higher class first   (default: max)
  --resamples N    of the clips, for the intervals; 0: none                                                (default: 1000)
  --level P        coverage of the intervals, between 0 and 1                                              (default: 0.95)
  --seed N         of the resampling                                                                       (default: 0)
  --help, --version

Exit codes: 0 done, 1 a file is not what it should be, 2 bad usage.
`

const options = {
  json: { type: 'boolean', default: false },
  usage: { type: 'string' },
  compare: { type: 'string' },
  ties: { type: 'string', default: 'max' },
  resamples: { type: 'string', default: '1000' },
  level: { type: 'string', default: '0.95' },
  seed: { type: 'string', default: '0' },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const

class UsageError extends Error {}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const unknown = /'(-[^' =]+)/.exec(message)?.[1]
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION' || unknown === undefined) throw new UsageError(message, { cause: error })
    const guess = nearest(unknown.replace(/^-+/, ''), Object.keys(options))
    throw new UsageError(`unknown option '${unknown}'${guess === undefined ? '' : `  (did you mean --${guess}?)`}`, { cause: error })
  }
}

function number(name: string, text: string, rule: string, isValid: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!isValid(value)) throw new UsageError(`--${name} must be ${rule}, got '${text}'`)
  return value
}

function readText(file: string): string {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new MetricError('METRIC_CSV', code === 'ENOENT' ? `${file}: there is no such file.` : `${file}: ${message}.`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new MetricError('METRIC_CSV', `${file}: must be UTF-8 text. Save it as CSV (UTF-8).`)
  }
}

/** mulberry32: the interval of a seed is the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Returns what goes to stdout. */
function run(args: readonly string[]): string {
  const { values, positionals } = parse(args)
  if (values.help) return help
  if (values.version) {
    return `${(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version}\n`
  }
  const { ties, usage, compare } = values
  const [truthFile, scoresFile] = positionals
  if (positionals.length !== 2) throw new UsageError(`takes two files, TRUTH.csv and SCORES.csv, got ${positionals.length}`)
  if (ties !== 'max' && ties !== 'index') throw new UsageError(`--ties must be max or index, got '${ties}'`)
  const resamples = number('resamples', values.resamples, 'an integer of at least 0', (value) => Number.isSafeInteger(value) && value >= 0)
  const level = number('level', values.level, 'between 0 and 1', (value) => value > 0 && value < 1)
  const seed = number('seed', values.seed, 'an integer', Number.isSafeInteger)
  if (compare !== undefined && resamples === 0) throw new UsageError('--compare needs --resamples of at least 1')

  const truth = readTruthCsv(readText(truthFile), truthFile)
  const scores = readScoresCsv(readText(scoresFile), scoresFile)
  const aligned = alignCsv(truth, scores, usage === undefined ? {} : { usage })
  if (!aligned.truth.includes(1)) throw new MetricError('METRIC_CSV', `${truthFile}: at least one clip must have a label, got none.`)
  let other: AlignedClips | null = null
  if (compare !== undefined) {
    const { classes } = aligned
    other = alignCsv(truth, readScoresCsv(readText(compare), compare), usage === undefined ? { classes } : { classes, usage })
  }
  const report = makeReport(aligned, other, { ties, level, resamples, makeRng: () => seeded(seed) })
  return values.json ? `${JSON.stringify(report, null, 2)}\n` : `${formatReport(report)}\n`
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error // the reader, e.g. head, has had enough
})
try {
  process.stdout.write(run(process.argv.slice(2)))
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\nTry lwlrap --help.\n`)
    process.exitCode = 2
  } else if (error instanceof MetricError) {
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 1
  } else throw error
}
