/**
 * What every function of this package throws on wrong use. `code` says which rule was broken: `'shape'`, `'option'`, `'probability'`,
 * `'zero-row'`, `'fold'`, `'variable'`, `'disposed'`.
 */
export class SslError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'SslError'
    this.code = code
  }
}
