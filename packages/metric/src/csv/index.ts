export { alignCsv, type AlignedClips, type AlignOptions } from './align-csv.js'
export { readScoresCsv, type ScoresTable } from './read-scores-csv.js'
export { readTruthCsv, type TruthTable } from './read-truth-csv.js'
