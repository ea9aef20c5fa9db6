import { execFileSync } from 'node:child_process'
import { describe } from 'vitest'

/** Runs Python with these arguments and gives what it prints. Throws, with its errors, where it fails. */
export type RunPython = (...args: string[]) => string

/** Leaves no `__pycache__` in the tree. */
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }

/**
 * Registers a suite that compares with Python: run where the Python of `AUDIOTAG_PYTHON`, else `python3`, has the modules. Elsewhere it is skipped, with one
 * printed line that says why.
 *
 * @param title   of the suite
 * @param modules to be importable, e.g. `['torch', 'safetensors']`
 * @param fn      registers the tests
 */
export function describeWithPython(title: string, modules: readonly string[], fn: (python: RunPython) => void): void {
  const python = process.env['AUDIOTAG_PYTHON'] || 'python3'
  const run: RunPython = (...args) => execFileSync(python, args, { encoding: 'utf8', env, stdio: 'pipe' })
  let version: string
  try {
    version = run(
      '-c',
      `import sys, ${modules.join(', ')}; print(sys.version.split()[0], getattr(${modules[0]}, '__version__', ''))`,
    ).trim()
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1)
    process.stdout.write(
      `${title}: skipped, ${python} has not ${modules.join(', ')} (${said || (error as Error).message}). Name another in AUDIOTAG_PYTHON\n`,
    )
    describe.skip(title, () => fn(run))
    return
  }
  process.stdout.write(`${title}: with Python and ${modules[0]} ${version}\n`)
  describe(title, () => fn(run))
}
