import { installError } from './install-error.js'
import { lastLines, runCommand } from './run-command.js'

/** What an addon says of itself. */
export interface Checked {
  readonly version: string
  readonly gpu: boolean
}

/** 2 · 3 by TensorFlow, in a process of its own: what does not load must not end this one. */
const SCRIPT = `
const b = require(process.argv[1])
const number = (x) => b.createTensor([], b.TF_FLOAT, Float32Array.of(x))
const [{ id }] = b.executeOp('Mul', [{ name: 'T', type: b.TF_ATTR_TYPE, value: b.TF_FLOAT }], [number(2), number(3)], 1)
if (b.tensorDataSync(id)[0] !== 6) throw new Error('2 · 3 gave ' + b.tensorDataSync(id)[0])
process.stdout.write(JSON.stringify({ version: b.TF_Version, gpu: b.isUsingGpuDevice() }) + '\\n')
`

/** Loads an addon, multiplies two numbers with it and returns what it says of itself. @throws BackendError `install` */
export async function checkAddon(addon: string): Promise<Checked> {
  const ended = await runCommand(process.execPath, ['-e', SCRIPT, addon])
  const line = ended.stdout.trim().split('\n').at(-1) ?? ''
  if (ended.code !== 0 || !line.startsWith('{')) throw installError(`${addon} does not run:\n${lastLines(ended, 8)}`)
  return JSON.parse(line) as Checked
}
