import type { Config } from '../config/schema.js'
import type { ReportClass, ReportData, ReportReference, ReportScore, ReportSet, ReportSystem } from '../report/report-data.js'
import { ensembleSystem } from './ensemble.js'
import type { Choice } from './ensemble.js'
import type { Evaluation, Score, SystemEvaluation } from './evaluate.js'
import { isBundledData } from './report-dataset.js'

/** Name of a part of the test clips in tables: `test` for all of them. */
export const testSetName = (part: string): string => (part === 'All' ? 'test' : `test ${part}`)

/** Systems with their scores; `about` says what each is. */
export function reportSystems(systems: readonly SystemEvaluation[], about: (system: string) => string = () => ''): ReportSystem[] {
  return systems.map(({ system, crossValidation, test }) => ({
    name: system,
    kind: system === ensembleSystem ? 'ensemble' : 'model',
    about: about(system),
    scores: [
      scoreOn('cross-validation', crossValidation),
      ...Object.entries(test).map(([part, score]) => scoreOn(testSetName(part), score)),
    ],
  }))
}

function scoreOn(set: string, { overall, low, high, clips, perClass }: Score): ReportScore {
  return { set, overall, low, high, clips, perClass: perClass.map(({ lwlrap }) => lwlrap) }
}

/** What was scored, and what to compare the scores with. */
export function reportScores(
  config: Config,
  choice: Choice,
  { systems, primarySet, comparison }: Evaluation,
): Pick<ReportData, 'primarySet' | 'sets' | 'references' | 'comparison' | 'classes'> {
  const [first] = systems
  const parts = Object.entries(first?.test ?? {})
  const chosen =
    choice.how === 'nested-cv' ? '; weights, cycles and paddings for a clip were chosen without its fifth of the clips (nested)' : ''
  const sets: ReportSet[] = [
    {
      name: 'cross-validation',
      about: `${first?.crossValidation.clips ?? 0} curated clips, each predicted by the models of the fold that held it out${chosen}`,
    },
    ...parts.map(([part, { clips }]) => ({
      name: testSetName(part),
      about:
        part === 'All'
          ? `${clips} test clips that had no part in training or choosing`
          : `the ${clips} of them that the challenge scored as ${part}`,
    })),
  ]
  const decisive = primarySet === 'test' ? first?.test['All'] : first?.crossValidation
  return { primarySet, sets, references: referencesOf(config), comparison, classes: (decisive?.perClass ?? []).map(classOf) }
}

const classOf = ({ label, positives, weight }: Score['perClass'][number]): ReportClass => ({ label, positives, weight })

/** Measured on MiniFSD-open once and for all: random scores, and an MLP on mean and maximum of each mel bin, trained on the curated clips. */
function referencesOf(config: Config): ReportReference[] {
  if (!isBundledData(config)) return []
  return [
    { name: 'chance', set: 'test', overall: 0.314 },
    { name: 'plain baseline', set: 'test', overall: 0.799 },
  ]
}
