import type { ModelSettings, PresetName } from './schema.js'

/** Names of the paper's networks: six of its ensemble and the pretraining stages they start from. */
export const paperModelNames: readonly string[] = ['1', '2', '3', '4_0', '4', '5', '6_0', '6']

/**
 * Settings of one of the paper's models at full scale.
 *
 * `default` is faithful and correct, `paper` follows the report to the letter, `referenceCode` the authors' program with its slips
 * (PAPER.md lists each difference).
 *
 * @source report §5 and §6, Table 1; authors' `train_model*.py`
 */
export function paperModel(name: string, preset: PresetName): ModelSettings {
  const by = <T>(standard: T, paper: T, reference: T): T => (preset === 'default' ? standard : preset === 'paper' ? paper : reference)
  const bce = by<'bce' | 'boundedBce'>('bce', 'bce', 'boundedBce')
  const kl = by<'kl' | 'klReference'>('kl', 'kl', 'klReference')
  const periodOffset = by<0 | 1>(0, 0, 1)
  const groupPadding = by<'masked' | 'reference'>('masked', 'reference', 'reference')
  const resnet: ModelSettings = {
    name,
    paper: name,
    architecture: 'resnet34',
    input: 'logmel',
    width: 1,
    activation: 'sigmoid',
    convolutionInit: 'kaimingFanOut',
    slice: 512,
    batch: 64,
    cycles: 8,
    epochsPerCycle: 64,
    optimizer: { kind: 'adam' },
    maxRate: 1e-3,
    minRate: 1e-6,
    periodOffset,
    losses: { curated: 'bce', noisy: bce },
    augment: { variant: preset, additionalSlicing: false, slips: [] },
    noisyAsCurated: false,
    initFrom: null,
    ssl: null,
    consistency: null,
    pads: [8, 64],
    groupPadding,
  }
  const envnet: ModelSettings = {
    ...resnet,
    architecture: 'envnet2',
    input: 'waveform',
    activation: 'softmax',
    slice: 133300,
    batch: 16,
    epochsPerCycle: 80,
    optimizer: { kind: 'sgd', momentum: by(0.9, 0, 0.9), nesterov: by(true, false, true) },
    maxRate: 0.1,
    losses: { curated: kl, noisy: kl },
    pads: [8000, 32000],
  }
  switch (name) {
    case '1':
      return resnet
    case '2':
      return {
        ...resnet,
        batch: by(64, 32, 64),
        cycles: 7,
        augment: { variant: preset, additionalSlicing: true, slips: [] },
        initFrom: '1',
        ssl: {
          weight: 20,
          batch: 64,
          set: by<'curated+noisy' | 'noisy'>('curated+noisy', 'noisy', 'curated+noisy'),
          partner: by<'sampler' | 'uniform'>('sampler', 'sampler', 'uniform'),
          labels: { from: '1', kind: 'soft', exponent: 2, normalize: 'sum', folds: by<'same' | 'all'>('same', 'all', 'all') },
        },
      }
    case '3':
      return { ...resnet, slice: 1024, cycles: by(6, 6, 8) }
    case '4_0':
      return { ...envnet, cycles: 1, epochsPerCycle: 400 }
    case '4':
      return {
        ...envnet,
        activation: 'sigmoid',
        batch: 64,
        cycles: 3,
        losses: { curated: bce, noisy: bce },
        initFrom: '4_0',
        pads: [0, 32000],
      }
    case '5':
      return { ...envnet, cycles: 5, initFrom: '4_0' }
    case '6_0':
      return { ...envnet, slice: 200000, cycles: 5 }
    case '6':
      return { ...envnet, slice: 200000, cycles: by(10, 10, 5), initFrom: by(null, '4_0', '6_0') }
    default:
      throw new Error(`paperModel: name must be one of ${paperModelNames.join(', ')}, got '${name}'`)
  }
}
