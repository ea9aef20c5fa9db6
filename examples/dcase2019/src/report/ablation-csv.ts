import type { AblationScores } from './ablation-data.js'

/** The raw scores: a line for every row, seed and set; `difference` is from the same seed of the row in `against`. */
export function ablationCsv({ seeds, rows }: AblationScores): string {
  const lines = rows.flatMap(({ row, crossValidation, test, crossValidationDifference, testDifference }) =>
    seeds.flatMap((seed, i) => [
      [row.id, row.against ?? '', seed, 'cross-validation', crossValidation[i], crossValidationDifference?.bySeed[i] ?? ''].join(','),
      [row.id, row.against ?? '', seed, 'test', test[i], testDifference?.bySeed[i] ?? ''].join(','),
    ]),
  )
  return `row,against,seed,set,lwlrap,difference\n${lines.join('\n')}\n`
}
