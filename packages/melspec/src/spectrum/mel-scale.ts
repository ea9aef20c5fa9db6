/** `'slaney'`: linear below 1 kHz, logarithmic above (Auditory Toolbox, librosa's default). `'htk'`: 2595 log₁₀(1 + f / 700). */
export type MelScale = 'slaney' | 'htk'

const HERTZ_PER_MEL = 200 / 3
const LOG_FROM_HERTZ = 1000
const LOG_FROM_MEL = LOG_FROM_HERTZ / HERTZ_PER_MEL
const LOG_STEP = Math.log(6.4) / 27

/** Hz to mel, as `librosa.hz_to_mel`. */
export function hertzToMel(hertz: number, scale: MelScale = 'slaney'): number {
  if (scale === 'htk') return 2595 * Math.log10(1 + hertz / 700)
  return hertz < LOG_FROM_HERTZ ? hertz / HERTZ_PER_MEL : LOG_FROM_MEL + Math.log(hertz / LOG_FROM_HERTZ) / LOG_STEP
}

/** Mel to Hz, as `librosa.mel_to_hz`. */
export function melToHertz(mel: number, scale: MelScale = 'slaney'): number {
  if (scale === 'htk') return 700 * (10 ** (mel / 2595) - 1)
  return mel < LOG_FROM_MEL ? mel * HERTZ_PER_MEL : LOG_FROM_HERTZ * Math.exp(LOG_STEP * (mel - LOG_FROM_MEL))
}
