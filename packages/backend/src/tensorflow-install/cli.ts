import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { BackendError } from '../errors.js'
import { dataFolder, readInstallation } from '../tensorflow/data-folder.js'
import { checkAddon } from './check-addon.js'
import { DEFAULT_VERSION, install, uninstall } from './install.js'

const help = `Usage: audiotag-tensorflow COMMAND [options]

  audiotag-tensorflow install                    pip fetches tensorflow-cpu ${DEFAULT_VERSION}; builds the addon for it
  audiotag-tensorflow install --version 2.18.1   … another version, 2.15 to 2.21
  audiotag-tensorflow install --python DIR       uses the TensorFlow of a Python environment; with tensorflow[and-cuda] a GPU
  audiotag-tensorflow install --wheel FILE       unpacks a wheel of tensorflow or tensorflow-cpu
  audiotag-tensorflow install --lib DIR          uses a libtensorflow folder
  audiotag-tensorflow status                     what is installed, where, and whether it runs
  audiotag-tensorflow uninstall                  removes it

It takes Linux, a C++ compiler (g++, or the one in CXX) and npm, which fetches the sources of @tensorflow/tfjs-node unless they are installed.
Everything goes into one folder: AUDIOTAG_TENSORFLOW, else $XDG_DATA_HOME/audiotag-tensorflow, else ~/.local/share/audiotag-tensorflow.

Exit codes: 0 done, 1 it could not be done (nothing has changed), 2 bad usage.
`

class UsageError extends Error {}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function run(args: readonly string[]): Promise<void> {
  let parsed
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        python: { type: 'string' },
        wheel: { type: 'string' },
        lib: { type: 'string' },
        version: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  const { values, positionals } = parsed
  const [command, ...rest] = positionals
  if (values.help || command === 'help') {
    process.stdout.write(help)
    return
  }
  if (rest.length > 0) throw new UsageError(`takes one command, got ${positionals.join(' ')}`)
  const { python, wheel, lib, version } = values
  if (command === 'install') {
    const done = await install({ python, wheel, lib, version, say })
    say(`TensorFlow ${done.tensorflow} is installed in ${done.folder}; ${done.gpu ? 'it sees a GPU' : 'it sees no GPU'}.`)
    say('Use it with useTensorFlow() of @audiotag/backend. audiotag-tensorflow uninstall removes it.')
    return
  }
  if (python ?? wheel ?? lib ?? version) throw new UsageError(`options are for install, got them for ${command ?? 'no command'}`)
  if (command === 'status') await status()
  else if (command === 'uninstall') {
    const { folder, removed } = await uninstall()
    say(removed ? `${folder} is removed.` : `nothing is installed in ${folder}.`)
  } else throw new UsageError(`the command must be install, status or uninstall, got ${command ?? 'none'}`)
}

async function status(): Promise<void> {
  const folder = dataFolder()
  const installation = readInstallation(folder)
  if (!installation) {
    say(`nothing is installed in ${folder}.`)
    return
  }
  say(`folder: ${folder}`)
  say(`TensorFlow: ${installation.tensorflow}, ${installation.source}`)
  say(`binding: @tensorflow/tfjs-node ${installation.binding}, ${installation.platform}`)
  const { version, gpu } = await checkAddon(join(folder, 'tfjs_binding.node'))
  say(`runs: TensorFlow ${version}, ${gpu ? 'sees a GPU' : 'sees no GPU'}`)
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\nTry audiotag-tensorflow --help.\n`)
    process.exitCode = 2
  } else if (error instanceof BackendError || error instanceof SyntaxError) {
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 1
  } else throw error
}
