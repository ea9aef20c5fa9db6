/** What went wrong: for programs; the message is for people. */
export type BackendErrorCode = 'option' | 'missing' | 'start' | 'timeout' | 'out-of-memory' | 'shape' | 'operation' | 'install' | 'device'

/** The only error this package throws on purpose. Its message names the function, the rule, the value received and the way out. */
export class BackendError extends Error {
  readonly code: BackendErrorCode

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackendError'
    this.code = code
  }
}
