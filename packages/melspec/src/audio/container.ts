/** What a file's own framing says, before anything is decoded. */
export interface Container {
  /** The decoder of `audio-decode` to use. */
  readonly codec: 'oga' | 'opus' | 'flac' | 'mp3' | 'qoa'
  /** What to decode: a tight view, whole pages or frames only. */
  readonly bytes: Uint8Array
  /** Samples a channel that the file promises, when it says. Decoders give some more (Ogg) or fewer (damage). */
  readonly samples?: number | undefined
  /** Why the file is incomplete. */
  readonly truncated?: string | undefined
  /** The MP3 decoder gives two channels for one. */
  readonly mono?: boolean | undefined
}
