/** What went wrong: for programs; the message is for people. */
export type ModelErrorCode = 'config' | 'input' | 'length' | 'head' | 'randomness' | 'activations' | 'weights' | 'file' | 'disposed'

/** The only error this package throws on purpose. Its message names the function, the rule, the value received and the way out. */
export class ModelError extends Error {
  readonly code: ModelErrorCode

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ModelError'
    this.code = code
  }
}
