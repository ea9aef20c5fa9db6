import type { ReportClip, ReportData, ReportEpoch, ReportRun, ReportScore, ReportSpectrogram } from '../../src/report/report-data.js'

const labels = [
  'Acoustic_guitar',
  'Bass_drum',
  'Crackle',
  'Female_speech_and_woman_speaking',
  'Hi-hat',
  'Male_speech_and_man_speaking',
  'Marimba_and_xylophone',
  'Stream',
  'Strum',
  'Walk_and_footsteps',
]
const wave = (x: number): number => Math.sin(x * 12.9898) * 0.5 + Math.sin(x * 78.233) * 0.5

function scores(set: string, overall: number, seed: number): ReportScore {
  const perClass = labels.map((_, i) => Math.min(1, Math.max(0.3, overall + 0.16 * wave(seed + i) + (i === 2 ? -0.2 : 0))))
  return { set, overall, low: overall - 0.031 - seed / 1000, high: overall + 0.027, clips: 160, perClass: set === 'test' ? perClass : [] }
}

function run(model: string, fold: number, streams: readonly string[], cycles: number, epochsPerCycle: number): ReportRun {
  const total = cycles * epochsPerCycle
  const epochs = Array.from({ length: total }, (_, i): ReportEpoch => {
    const phase = (i % epochsPerCycle) / epochsPerCycle
    const progress = 1 - Math.exp((-3 * (i + 1)) / total)
    return {
      epoch: i + 1,
      losses: streams.map(
        (_, s) => (0.65 - 0.45 * progress) * (s === 1 ? 1.25 : s === 2 ? 0.5 : 1) + 0.03 * (1 - phase) + 0.012 * wave(i + fold + s),
      ),
      validation: 0.35 + 0.5 * progress + 0.03 * phase + 0.02 * wave(3 * i + fold),
      learningRate: 1e-3,
    }
  })
  const learningRates = Array.from({ length: total * 10 }, (_, i) => ({
    epoch: i / 10,
    rate: 1e-6 + 0.5 * (1e-3 - 1e-6) * (1 + Math.cos((Math.PI * ((i / 10) % epochsPerCycle)) / epochsPerCycle)),
  }))
  return { model, fold, streams, epochs, snapshots: Array.from({ length: cycles }, (_, c) => (c + 1) * epochsPerCycle), learningRates }
}

function spectrogram(seed: number, masked: boolean): ReportSpectrogram {
  const [bins, frames] = [128, 128]
  const data = Float32Array.from({ length: bins * frames }, (_, i) => {
    const [bin, frame] = [Math.floor(i / frames), i % frames]
    if (masked && bin >= 41 && bin < 58) return -80
    const onset = Math.exp(-((frame + seed * 9) % 32) / 9)
    const harmonic = 1 / (1 + Math.abs(((bin - 6) % 14) - 7 + 2 * Math.sin(frame / 15)) ** 2)
    return -78 + 60 * onset * harmonic + 14 * onset * (1 - bin / bins) + 5 * wave(i)
  })
  return { kind: 'spectrogram', data, bins, frames }
}

const clip = (name: string, truth: string[], top: [string, number][], precision: number, audio: string | null): ReportClip => ({
  name,
  labels: truth,
  top: top.map(([label, value]) => ({ label, value })),
  precision,
  audio,
})

/** A run as the demo's, with made-up numbers. */
export const sampleReport: ReportData = {
  title: 'Audio tagging with noisy labels: MiniFSD-open',
  summary:
    'Models A and B (log-mel ResNet34) and C (waveform EnvNet-v2) on 160 curated and 400 noisy clips, 2 folds × 2 cycles, on the wasm backend with 2 threads.',
  primarySet: 'test',
  intervalLevel: 0.95,
  sets: [
    { name: 'cross-validation', about: '160 curated clips, each predicted by the fold that had not seen it' },
    { name: 'test', about: '160 clips that had no part in training or choosing' },
  ],
  systems: [
    {
      name: 'A',
      kind: 'model',
      about: 'log-mel ResNet34, multitask on curated and noisy',
      scores: [scores('cross-validation', 0.851234567, 1), scores('test', 0.846789123, 2)],
    },
    {
      name: 'B',
      kind: 'model',
      about: 'from A, with soft pseudo labels for the noisy clips',
      scores: [scores('cross-validation', 0.876, 3), scores('test', 0.868, 4)],
    },
    { name: 'C', kind: 'model', about: 'waveform EnvNet-v2', scores: [scores('cross-validation', 0.672, 5), scores('test', 0.651, 6)] },
    {
      name: 'ensemble',
      kind: 'ensemble',
      about: 'weighted average of 8 snapshots',
      scores: [scores('cross-validation', 0.887, 7), scores('test', 0.8812345678, 8)],
    },
  ],
  references: [
    { name: 'chance', set: 'test', overall: 0.314 },
    { name: 'plain baseline', set: 'test', overall: 0.799 },
  ],
  comparison: { model: 'B', difference: 0.0132, low: -0.0042, high: 0.0313, pValue: 0.14 },
  notes: [],
  data: [
    { name: 'curated', clips: 160, labelsPerClip: 1.1, minutes: 5.2, about: 'labelled by hand' },
    { name: 'noisy', clips: 400, labelsPerClip: 1.3, minutes: 13.4, about: 'wrong or incomplete for 60 %' },
    { name: 'test', clips: 160, labelsPerClip: 1.1, minutes: 5.1, about: 'labelled by hand, scored only' },
  ],
  classes: labels.map((label, i) => ({ label, positives: 16 + i, weight: (16 + i) / 205 })),
  networks: [
    {
      model: 'A',
      architecture: 'ResNet34',
      width: 0.125,
      paperArchitecture: 'ResNet34',
      parameters: 411_232,
      paperParameters: 24_592_224,
      slice: 128,
      paperSlice: 512,
      sliceUnit: 'frames',
      heads: ['curated', 'noisy'],
    },
    {
      model: 'C',
      architecture: 'EnvNet-v2',
      width: 0.125,
      paperArchitecture: 'EnvNet-v2',
      parameters: 301_111,
      paperParameters: 101_234_567,
      slice: 33_325,
      paperSlice: 133_300,
      sliceUnit: 'samples',
      heads: ['curated'],
    },
  ],
  runs: [
    run('A', 1, ['curated', 'noisy'], 2, 40),
    run('A', 2, ['curated', 'noisy'], 2, 40),
    run('B', 1, ['curated', 'noisy', 'ssl'], 1, 30),
    run('B', 2, ['curated', 'noisy', 'ssl'], 1, 30),
  ],
  augmentations: [
    {
      clip: '02d33053.ogg',
      stream: 'curated',
      before: spectrogram(1, false),
      after: spectrogram(2, true),
      draws: ['slice: frames 34–162', 'mixup with 03086cc8.ogg: 0.71', 'gain: 1.08', 'frequency mask: bins 41–57'],
      labelsBefore: [{ label: 'Stream', value: 1 }],
      labelsAfter: [
        { label: 'Stream', value: 0.71 },
        { label: 'Marimba_and_xylophone', value: 0.29 },
      ],
    },
    {
      clip: '047b0f04.ogg',
      stream: 'noisy',
      before: {
        kind: 'waveform',
        sampleRate: 44_100,
        samples: Float32Array.from({ length: 33_325 }, (_, i) => wave(i) * Math.exp(-(i % 9000) / 2500)),
      },
      after: {
        kind: 'waveform',
        sampleRate: 44_100,
        samples: Float32Array.from({ length: 33_325 }, (_, i) => (i < 6000 ? 0 : 0.8 * wave(i) * Math.exp(-(i % 7200) / 2000))),
      },
      draws: ['scale: 0.8', 'pad and slice: 6000 samples of silence first'],
      labelsBefore: [{ label: 'Walk_and_footsteps', value: 1 }],
      labelsAfter: [{ label: 'Walk_and_footsteps', value: 1 }],
    },
  ],
  clips: {
    system: 'ensemble',
    set: 'test',
    correct: 128,
    wrong: 32,
    shown: [
      clip(
        '031eb9e4.ogg',
        ['Crackle'],
        [
          ['Walk_and_footsteps', 0.612],
          ['Stream', 0.201],
          ['Crackle', 0.188],
        ],
        1 / 3,
        'data/test/031eb9e4.ogg',
      ),
      clip(
        '05857262.ogg',
        ['Strum', 'Acoustic_guitar'],
        [
          ['Acoustic_guitar', 0.7],
          ['Bass_drum', 0.4],
          ['Strum', 0.33],
        ],
        5 / 6,
        'data/test/05857262.ogg',
      ),
      clip(
        '02f4bc20.ogg',
        ['Hi-hat'],
        [
          ['Hi-hat', 0.972],
          ['Bass_drum', 0.081],
          ['Crackle', 0.02],
        ],
        1,
        'data/test/02f4bc20.ogg',
      ),
      clip(
        '031bf767.ogg',
        ['Stream'],
        [
          ['Stream', 0.931],
          ['Crackle', 0.11],
          ['Walk_and_footsteps', 0.05],
        ],
        1,
        null,
      ),
    ],
  },
  choice: {
    estimate: 0.879,
    score: 0.887,
    plain: 0.871,
    models: [
      { model: 'A', weight: 2, cycles: [1, 2], pads: [0], padUnit: 'frames', estimate: 0.849 },
      { model: 'B', weight: 3, cycles: [1], pads: [0, 16], padUnit: 'frames', estimate: 0.872 },
      { model: 'C', weight: 0, cycles: [1], pads: [0], padUnit: 'samples', estimate: 0.67 },
    ],
  },
  settings: [
    {
      title: 'Features',
      settings: [
        { name: 'sampleRate', value: 44_100 },
        { name: 'mel', value: { bins: 128, fftSize: 2560, hopSamples: 347, minHertz: 20, maxHertz: 22_050 } },
      ],
    },
    {
      title: 'Training of A',
      settings: [
        { name: 'slice', value: 128, note: 'the paper: 512' },
        { name: 'optimizer', value: 'adam' },
        { name: 'learningRate', value: [1e-3, 1e-6] },
      ],
    },
  ],
  environment: [
    { name: 'backend', value: 'wasm', note: '2 threads, SIMD; node-gpu is not installed' },
    { name: 'Node.js', value: 'v20.20.2' },
    { name: 'seed', value: 42 },
    { name: 'commit', value: '0a5e4c7' },
    { name: 'started', value: '2026-11-23T21:40:00Z' },
  ],
  stages: [
    { name: 'prepare', seconds: 9.31, about: '720 clips, 212 clips/s' },
    { name: 'train A', seconds: 141.2, about: '2 folds × 2 cycles × 40 epochs' },
    { name: 'train B', seconds: 92, about: '2 folds × 30 epochs' },
  ],
  files: [
    { path: 'submission.csv', about: 'probabilities of the ensemble' },
    { path: 'metrics.csv', about: 'every score' },
  ],
}

/** Nothing was done at all. */
export const emptyReport: ReportData = {
  title: 'Empty',
  summary: '',
  primarySet: 'test',
  intervalLevel: 0.95,
  sets: [],
  systems: [],
  references: [],
  comparison: null,
  notes: [],
  data: [],
  classes: [],
  networks: [],
  runs: [],
  augmentations: [],
  clips: { system: 'ensemble', set: 'test', correct: 0, wrong: 0, shown: [] },
  choice: null,
  settings: [],
  environment: [],
  stages: [],
  files: [],
}
