import { ablationRows } from '../config/ablation.js'
import type { AblationScores, PairedInterval, RowScores } from './ablation-data.js'
import { formatDuration, formatNumber } from './format-number.js'

const groups = [
  ['chain', 'The chain, part by part'],
  ['pseudo labels', 'Other pseudo labels'],
  ['other methods', 'Other ways to use the noisy clips'],
  ['slips', 'Slips of the authors’ program'],
] as const

/** The result as Markdown: a table for each group of rows, the headline, what it cost. */
export function ablationTable(scores: AblationScores): string {
  const { seeds, folds, clips, level, rows, headline, labelQuality, cost } = scores
  const percent = Math.round(level * 100)
  const sections = groups.map(([group, title]) => {
    const lines = rows.filter(({ row }) => row.group === group).map(line)
    return [
      `## ${title}`,
      '',
      `| row | lwlrap, cross-validation | lwlrap, test | compared with | difference on test (${percent} %) | by seed |`,
      '| --- | --- | --- | --- | --- | --- |',
      ...lines,
    ].join('\n')
  })
  const processes = `${cost.trainings} trainings, ${formatDuration(cost.trainingSeconds)} of processes that train and ${formatDuration(cost.predictionSeconds)} of processes that predict`
  return `${[
    `Full system − curated clips without augmentation: **${interval(headline.test)}** on test, ${interval(headline.crossValidation)} in cross-validation.`,
    `Means over seeds ${seeds.join(', ')}; ${folds} folds, ${clips.crossValidation} held-out clips, ${clips.test} test clips. Intervals: paired bootstrap over clips and seeds.`,
    '![Differences on test with intervals](ablation.svg)',
    ...sections,
    ...(labelQuality
      ? [
          '## How right the labels of the noisy clips are',
          [
            `lwlrap against the true labels of the ${labelQuality.clips} noisy clips that have any.`,
            '',
            '| labels | lwlrap |',
            '| --- | --- |',
            `| as given | ${formatNumber(labelQuality.given)} |`,
            ...Object.entries(labelQuality.pseudo).map(([model, value]) => `| pseudo labels for \`${model}\` | ${formatNumber(value)} |`),
          ].join('\n'),
        ]
      : []),
    `Cost: ${processes}, one thread each, on ${cost.processor}, Node ${cost.node}${cost.commit ? `, commit ${cost.commit.slice(0, 7)}` : ''}.`,
  ].join('\n\n')}\n`
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const labelOf = (id: string): string => ablationRows.find((row) => row.id === id)?.label ?? id

const signed = (value: number): string => (value > 0 ? `+${formatNumber(value)}` : formatNumber(value))

const interval = ({ difference, low, high }: PairedInterval): string => `${signed(difference)} (${signed(low)} to ${signed(high)})`

function line({ row, crossValidation, test, testDifference }: RowScores): string {
  const compared = testDifference
    ? [labelOf(row.against!), interval(testDifference), testDifference.bySeed.map(signed).join(', ')]
    : ['–', '–', '–']
  return `| ${[row.label, formatNumber(mean(crossValidation)), formatNumber(mean(test)), ...compared].join(' | ')} |`
}
