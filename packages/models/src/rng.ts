/** A source of randomness: uniform in [0, 1). */
export type Rng = () => number
