/** Dark to bright: black-blue, violet, red-orange, pale yellow; lightness rises evenly, so it also reads in grey. */
const STOPS: readonly (readonly [number, number, number])[] = [
  [4, 5, 20],
  [38, 20, 84],
  [94, 27, 122],
  [152, 42, 117],
  [207, 66, 96],
  [243, 112, 76],
  [254, 175, 99],
  [252, 246, 196],
]

/** RGB triples of 256 steps: what a spectrogram is painted with. */
export function colorMap(): Uint8Array {
  const palette = new Uint8Array(256 * 3)
  for (let step = 0; step < 256; step++) {
    const place = (step / 255) * (STOPS.length - 1)
    const from = Math.min(Math.floor(place), STOPS.length - 2)
    for (let channel = 0; channel < 3; channel++) {
      const low = STOPS[from][channel]
      palette[step * 3 + channel] = Math.round(low + (place - from) * (STOPS[from + 1][channel] - low))
    }
  }
  return palette
}
