import { InterruptedError } from '../cli/errors.js'

/**
 * Turns Ctrl-C and SIGTERM into an AbortSignal, so that work ends at a clean point; a second signal ends the process at once.
 *
 * A process started by the executor listens to its parent instead: Ctrl-C on a terminal reaches both, and the parent passes it on once.
 * When the parent is gone, so is the child, at once: a new run may already be writing the same files.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (name: 'SIGINT' | 'SIGTERM') => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    controller.abort(new InterruptedError(name, `stopped by ${name}. Run the same command again to go on.`))
  }
  const isChild = process.send !== undefined
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => (isChild ? undefined : stop(name)))
  if (isChild) {
    process.on('message', (message: { stop?: 'SIGINT' | 'SIGTERM' }) => (message.stop ? stop(message.stop) : undefined))
    process.on('disconnect', () => process.exit(1))
    process.channel?.unref() // or the child would wait for its parent for ever
  }
  return controller.signal
}
