import { MelspecError } from '../errors.js'
import type { Container } from './container.js'

/** Reads the sample count of a native FLAC file: the decoder drops damaged frames without a word, so the count tells. */
export function readFlac(file: Uint8Array): Container {
  // 'fLaC', then the STREAMINFO block: 4 bytes of header, 34 of body.
  if (file.length < 42)
    throw new MelspecError('AUDIO_TRUNCATED', `decodeAudio: the FLAC file ends inside its header, after ${file.length} bytes.`)
  if ((file[4] & 0x7f) !== 0) throw new MelspecError('AUDIO_CORRUPT', 'decodeAudio: the first block of a FLAC file must be STREAMINFO.')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const samples = (file[21] & 0x0f) * 2 ** 32 + view.getUint32(22)
  // 0: an encoder that could not seek back.
  return { codec: 'flac', bytes: file, samples: samples === 0 ? undefined : samples }
}
