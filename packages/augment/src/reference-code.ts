import type { Dcase2019LogmelOptions, LogmelDraw } from './dcase2019-logmel.js'
import { dcase2019Logmel } from './dcase2019-logmel.js'
import type { Dcase2019WaveformOptions, WaveformDraw } from './dcase2019-waveform.js'
import { dcase2019Waveform } from './dcase2019-waveform.js'
import type { ExamplePipeline } from './example.js'
import type { Spectrogram, Waveform } from './sample.js'

/** The augmentation of the authors' released code, bugs included: `dcase2019Logmel` (with `frames`) or `dcase2019Waveform` (with `samples`) in the variant `'referenceCode'`. Other options as there. */
export function referenceCode(options: Omit<Dcase2019LogmelOptions, 'variant'>): ExamplePipeline<Spectrogram, LogmelDraw>
export function referenceCode(options: Omit<Dcase2019WaveformOptions, 'variant'>): ExamplePipeline<Waveform, WaveformDraw>
export function referenceCode(
  options: Omit<Dcase2019LogmelOptions, 'variant'> | Omit<Dcase2019WaveformOptions, 'variant'>,
): ExamplePipeline<Spectrogram, LogmelDraw> | ExamplePipeline<Waveform, WaveformDraw> {
  return 'samples' in (options ?? {})
    ? dcase2019Waveform({ ...(options as Dcase2019WaveformOptions), variant: 'referenceCode' })
    : dcase2019Logmel({ ...(options as Dcase2019LogmelOptions), variant: 'referenceCode' })
}
