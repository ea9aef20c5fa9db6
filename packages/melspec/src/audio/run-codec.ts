import { MelspecError } from '../errors.js'
import type { Container } from './container.js'

/** What the decoders return. FLAC scales by 2^(bits − 1) − 1. */
export interface Decoded {
  readonly channelData: readonly Float32Array[]
  readonly sampleRate: number
  readonly bitDepth?: number
  readonly errors?: readonly { readonly message: string }[]
}

interface Decoder {
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>
  /** Decodes a whole file and makes the decoder ready for the next. */
  decodeFile?(bytes: Uint8Array): Promise<Decoded>
  reset(): Promise<void>
  free(): void
}

/** An entry of `audio-decode`'s `decoders`: called without bytes it loads the codec and keeps it as `decoder` (QOA: `decode`). */
interface Codec {
  (): Promise<unknown>
  decoder?: Decoder | undefined
  decode?: (bytes: Uint8Array) => Decoded
}

/** A decoder holds one stream: clips that are decoded at the same time queue here. */
const queues = new Map<string, Promise<unknown>>()

/**
 * Decodes with the codec that `audio-decode` loads, on first use. Talking to the codec itself instead of to `audio-decode` halves the time (it would reset twice)
 * and tells the codec's errors and bit depth.
 */
export function runCodec(name: Container['codec'], bytes: Uint8Array): Promise<Decoded> {
  const turn = (queues.get(name) ?? Promise.resolve()).then(() => decodeWith(name, bytes))
  const settled = turn.then(
    () => undefined,
    () => undefined,
  )
  queues.set(name, settled)
  return turn
}

async function decodeWith(name: Container['codec'], bytes: Uint8Array): Promise<Decoded> {
  const { decoders } = await import('audio-decode')
  const codec = decoders[name] as unknown as Codec
  if (!codec.decoder && !codec.decode) await codec()
  const { decoder } = codec
  try {
    if (decoder?.decodeFile) return await decoder.decodeFile(bytes)
    if (!decoder) return codec.decode!(bytes)
    const decoded = await decoder.decode(bytes)
    await decoder.reset()
    return decoded
  } catch (error) {
    // What state it is in nobody knows: the next clip gets a new one.
    codec.decoder = undefined
    throw new MelspecError(
      'AUDIO_CORRUPT',
      `decodeAudio: the decoder gave up: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    )
  }
}
