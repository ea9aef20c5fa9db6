/** What a row of the report's tables is, and the score that it gives. */
export interface PaperRow {
  readonly table: 1 | 2
  readonly row: number
  /** Cross-validation lwlrap in the report; null where our notes have none. */
  readonly score: number | null
}

interface TableConfig {
  readonly paper: PaperRow
  /** What `resolveConfig` takes. */
  readonly json: { readonly name: string; readonly about: string; readonly models: readonly object[]; readonly ensemble: object }
}

/** A network without the second head, so curated clips alone. */
const curatedOnly = { losses: { noisy: null } }
const noAugmentation = { augment: { mixupP: 0, gainP: 0, frequencyMaskP: 0 } }
/** The updates of model #1 in one cosine. The report does not say how long its rows without cycles were trained. */
const oneCycle = { cycles: 1, epochsPerCycle: 512 }

/** The last snapshot, whole clips, no padding: what Table 1 is about is the network. */
const alone = (model: string) => ({ choose: 'fixed', members: [{ model, weight: 1, cycles: 'last', pads: [0] }] })

const single = (
  row: number,
  score: number,
  about: string,
  entry: { readonly paper: string; readonly [setting: string]: unknown },
): TableConfig => ({
  paper: { table: 1, row, score },
  json: {
    name: `table1-row${row}`,
    about: `Table 1, row ${row}: ${about}`,
    models: [{ ...entry, pads: [0] }],
    ensemble: alone(entry.paper),
  },
})

const ensemble = (row: number, score: number | null, about: string, models: readonly string[], submission: 1 | 2): TableConfig => ({
  paper: { table: 2, row, score },
  json: {
    name: `table2-row${row}`,
    about: `Table 2, row ${row}: ${about}`,
    models: models.map((paper) => ({ paper })),
    ensemble: { submission, models, pads: 'table2' },
  },
})

const all = ['1', '2', '3', '4', '5', '6']

/**
 * The rows of the report's Table 1 (single networks; each part of the method) and Table 2 (padding and ensembles), at full scale, by name. Every one
 * takes each of the three presets. Paddings of Table 2: as §7 has them, in the preset `paper` as that table has them.
 *
 * @source report, Tables 1 and 2; PAPER.md
 */
export const tableConfigs: ReadonlyMap<string, TableConfig> = new Map(
  [
    single(1, 0.724, 'ResNet34, curated clips, no augmentation, one cycle.', {
      paper: '1',
      ...curatedOnly,
      ...noAugmentation,
      ...oneCycle,
    }),
    single(2, 0.829, '+ augmentation.', { paper: '1', ...curatedOnly, ...oneCycle }),
    single(3, 0.829, '+ 8 cycles with warm restarts.', { paper: '1', ...curatedOnly }),
    single(4, 0.849, '+ multitask on noisy clips: model #1.', { paper: '1' }),
    single(5, 0.858, '+ soft pseudo labels by the fold’s own model.', { paper: '2', ssl: { labels: { folds: 'same' } } }),
    single(6, 0.87, '+ soft pseudo labels by the models of all folds: model #2.', { paper: '2', ssl: { labels: { folds: 'all' } } }),
    single(7, 0.84, 'slices of 1024 frames: model #3.', { paper: '3' }),
    single(8, 0.809, 'EnvNet-v2, softmax, one cycle of 400 epochs.', { paper: '4_0' }),
    single(9, 0.814, 'from it, sigmoid: model #4.', { paper: '4' }),
    single(10, 0.818, 'from row 8, softmax: model #5.', { paper: '5' }),
    single(11, 0.82, 'slices of 200,000 samples: model #6.', { paper: '6' }),
    ...all.map((model, i) => ensemble(i + 1, null, `model #${model} with its cycles and paddings of submission 1.`, [model], 1)),
    ensemble(7, 0.876, 'models #1 and #3.', ['1', '3'], 1),
    ensemble(8, 0.89, 'the three ResNets.', ['1', '2', '3'], 1),
    ensemble(9, 0.836, 'the three EnvNets.', ['4', '5', '6'], 1),
    ensemble(10, 0.896, 'submission 1: 170 predictions of a clip.', all, 1),
    ensemble(11, 0.895, 'submission 2: 95 predictions of a clip.', all, 2),
  ].map((config) => [config.json.name, config]),
)
