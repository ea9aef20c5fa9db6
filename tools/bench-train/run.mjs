// pnpm bench:train: our training step beside PyTorch's, and the speed of our convolutions beside the processor's, see README.md.
import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

import { compareEngines } from './compare-engines.mjs'
import { NETS, widthNumber } from './nets.mjs'
import { printKinds, printResult, printRoofline } from './print-tables.mjs'
import { simdPeak } from './simd-peak.mjs'

const USAGE = `pnpm bench:train [--json FILE] [--nets ${NETS.map(({ net, width }) => `${net}:${width}`).join(',')}] [--threads 1,2] [--python FILE]
  [--steps 25] [--seconds 60] [--note TEXT] [--quick]`
const script = (name) => fileURLToPath(new URL(name, import.meta.url))
const options = readOptions()
const peaks = Object.fromEntries(['plain', 'relaxed'].map((simd) => [simd, simdPeak(simd)]).filter(([, peak]) => peak !== undefined))
const python = options.quick ? undefined : findPython(options.python)
const machine = {
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.versions.node,
  python: python?.version,
  torch: python?.torch,
  peakGigaflopsOneThread: peaks,
  date: new Date().toISOString().slice(0, 10),
  note: options.note,
}
console.log(
  `${machine.cores} × ${machine.cpu}, ${machine.system}, Node ${machine.node}, ${python ? `PyTorch ${python.torch}` : 'no PyTorch: ours alone'}`,
)
console.log(
  `SIMD peak of one thread: ${Object.entries(peaks)
    .map(([simd, peak]) => `${simd} ${peak.toFixed(1)}`)
    .join(', ')} gigaflops`,
)
const results = []
const profiles = []
for (const net of options.nets) {
  for (const threads of options.threads) {
    for (const result of await measure(net, threads)) {
      results.push(result)
      printResult(result)
    }
  }
}
for (const net of options.nets) {
  const threads = []
  for (const count of options.threads) threads.push({ threads: count, ...(await profile(net, count)) })
  profiles.push({ net: net.net, width: widthNumber(net.width), batch: net.input[0], simd: 'plain', profiles: threads })
  printRoofline(profiles.at(-1), peaks.plain)
  printKinds(profiles.at(-1))
}
if (options.json) await writeFile(options.json, `${JSON.stringify({ machine, results, profiles }, null, 2)}\n`)

async function measure(net, threads) {
  const commandLine = netArguments(net, threads)
  const engines = Object.keys(peaks)
    .filter((simd) => !options.quick || simd === 'plain')
    .map((simd) => ({ name: simd, program: process.execPath, commandLine: [script('our-step.mjs'), ...commandLine, '--simd', simd] }))
  const theirs = python && { name: 'PyTorch', program: python.program, commandLine: [script('torch_step.py'), ...commandLine] }
  const compared = await compareEngines(theirs ? [...engines, theirs] : engines, options)
  const torch = compared.find(({ name }) => name === 'PyTorch')
  return compared
    .filter((ours) => ours !== torch)
    .map((ours) => {
      const times = (which) => ({ msPerStep: ours[which], pytorchMsPerStep: torch?.[which], ratio: torch && torch[which] / ours[which] })
      const counted = ours.quiet === undefined ? 'all' : 'quiet'
      return {
        net: net.net,
        width: widthNumber(net.width),
        batch: net.input[0],
        backend: 'wasm',
        simd: ours.name,
        threads,
        ...times(counted),
        counted,
        quietSteps: ours.quiet === undefined ? undefined : times('quiet'),
        allSteps: times('all'),
        fastestSteps: times('fastest'),
        steps: ours.steps,
        dropped: ours.quietSteps === undefined ? undefined : ours.steps - ours.quietSteps,
        pytorchSteps: torch?.steps,
        pytorchDropped: torch?.quietSteps === undefined ? undefined : torch.steps - torch.quietSteps,
      }
    })
}

function netArguments({ net, width, input }, threads) {
  const about = ['--net', net, '--width', String(widthNumber(width)), '--input', JSON.stringify(input)]
  return about.concat('--threads', String(threads), '--warmup', options.quick ? '0' : '2')
}

async function profile(net, threads) {
  const commandLine = [script('our-step.mjs'), ...netArguments(net, threads), '--simd', 'plain', '--profile']
  const steps = options.quick ? '2' : net.width === '1' ? '4' : '20'
  const { stdout } = await promisify(execFile)(process.execPath, [...commandLine, steps])
  return JSON.parse(stdout)
}

/** The first Python that has PyTorch 2; one that is asked for must. */
function findPython(asked) {
  const program = asked ?? 'python3'
  const code = 'import platform, torch; print(platform.python_version(), torch.__version__)'
  const { status, stdout } = spawnSync(program, ['-c', code], { encoding: 'utf8' })
  const [version, torch] = status === 0 ? stdout.trim().split(' ') : []
  if (torch?.startsWith('2.')) return { program, version, torch }
  if (asked) fail(`--python ${asked} has no PyTorch 2${torch ? `, but ${torch}` : ''}. pip install torch==2.13.0`)
  return undefined
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'string' },
        nets: { type: 'string' },
        threads: { type: 'string' },
        python: { type: 'string' },
        steps: { type: 'string' },
        seconds: { type: 'string' },
        note: { type: 'string' },
        quick: { type: 'boolean', default: false },
      },
    })
    const { quick } = values
    const wanted = (values.nets ?? (quick ? 'resnet34:1/8' : undefined))?.split(',')
    for (const name of wanted ?? []) if (!NETS.some((net) => nameOf(net) === name)) throw new Error(`there is no net ${name}`)
    return {
      ...values,
      nets: NETS.filter((net) => wanted?.includes(nameOf(net)) ?? true),
      threads: (values.threads ?? (quick ? '1' : '1,2')).split(',').map((text) => positive('threads', text)),
      steps: positive('steps', values.steps ?? (quick ? '3' : '25')),
      seconds: positive('seconds', values.seconds ?? (quick ? '1' : '60')),
    }
  } catch (cause) {
    return fail(cause.message)
  }
}

function nameOf({ net, width }) {
  return `${net}:${width}`
}

function positive(name, text) {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be whole numbers from 1, got ${text}`)
  return number
}

function fail(message) {
  console.error(`bench:train: ${message}\n${USAGE}`)
  return process.exit(2)
}
