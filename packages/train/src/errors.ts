/**
 * What every function of this package throws on wrong use or a failed run. `code` says which rule was broken:
 * `'shape'`, `'option'`, `'stream'`, `'variable'`, `'non-finite'`, `'busy'`, `'disposed'`, `'checkpoint'`.
 */
export class TrainError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'TrainError'
    this.code = code
  }
}
