import type { MelSpectrogramOptions } from './spectrum/mel-spectrogram.js'

/**
 * The log-mel front end of Akiyama & Sato (DCASE 2019 Task 2): 44.1 kHz, nFft 2560, hop 347, 128 mels, 20 to 22 050 Hz, reflected edges.
 * The authors' code used librosa 0.6, so edges are reflected; newer librosa pads with zeros.
 *
 * @param overrides other values; at another sample rate than 44 100 Hz also give `maxHertz`, `nFft` and `hopSamples`
 * @returns frozen options: `melSpectrogram` keeps its tables for them
 */
export function dcase2019(overrides: Partial<MelSpectrogramOptions> = {}): MelSpectrogramOptions {
  return Object.freeze({
    sampleRate: 44100,
    nFft: 2560,
    hopSamples: 347,
    window: 'hann',
    center: true,
    padMode: 'reflect',
    power: 2,
    mels: 128,
    minHertz: 20,
    maxHertz: 22050,
    scale: 'slaney',
    norm: 'slaney',
    ...overrides,
  })
}

/**
 * The defaults of `librosa.feature.melspectrogram` since 0.9: 22.05 kHz, nFft 2048, hop 512, 128 mels, 0 Hz to half the sample rate, zeros at
 * the edges. For librosa up to 0.8 add `padMode: 'reflect'`.
 *
 * @returns frozen options: `melSpectrogram` keeps its tables for them
 */
export function librosa(overrides: Partial<MelSpectrogramOptions> = {}): MelSpectrogramOptions {
  return Object.freeze({
    sampleRate: 22050,
    nFft: 2048,
    hopSamples: 512,
    window: 'hann',
    center: true,
    padMode: 'constant',
    power: 2,
    mels: 128,
    minHertz: 0,
    scale: 'slaney',
    norm: 'slaney',
    ...overrides,
  })
}
