// pnpm bench:train: our training step beside PyTorch's, and the speed of our convolutions beside the processor's, see README.md.
import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

import { backendReport } from '../../packages/backend/dist/index.js'
import { compareEngines } from './compare-engines.mjs'
import { NETS, widthNumber } from './nets.mjs'
import { printKinds, printResult, printRoofline } from './print-tables.mjs'
import { simdPeak } from './simd-peak.mjs'

const USAGE = `pnpm bench:train [--json FILE] [--nets ${NETS.map(({ net, width }) => `${net}:${width}`).join(',')}] [--threads 1,2] [--backend wasm,node,node:bfloat16]
  [--python FILE] [--steps 25] [--seconds 60] [--note TEXT] [--quick]`
const script = (name) => fileURLToPath(new URL(name, import.meta.url))
/** Measured where they are here and none is named: not cpu, which takes minutes a step. */
const USUAL = ['wasm', 'node', 'webgpu', 'node-gpu']
const present = (await backendReport()).backends
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
  backends: options.backends,
  peakGigaflopsOneThread: peaks,
  date: new Date().toISOString().slice(0, 10),
  note: options.note,
}
console.log(
  `${machine.cores} × ${machine.cpu}, ${machine.system}, Node ${machine.node}, ${python ? `PyTorch ${python.torch}` : 'no PyTorch: ours alone'}`,
)
console.log(`Backends: ${options.backends.join(', ')}`)
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
// The packages' kernels on wasm; others do not say where their time goes.
for (const net of options.backends.includes('wasm') ? options.nets.filter((each) => each.net !== 'layers') : []) {
  for (const simd of options.quick ? ['plain'] : Object.keys(peaks)) {
    const threads = []
    for (const count of options.threads) threads.push({ threads: count, ...(await profile(net, count, simd)) })
    profiles.push({ net: net.net, width: widthNumber(net.width), batch: net.input[0], simd, profiles: threads })
    printRoofline(profiles.at(-1), peaks[simd])
    printKinds(profiles.at(-1))
  }
}
if (options.json) await writeFile(options.json, `${JSON.stringify({ machine, results, profiles }, null, 2)}\n`)

async function measure(net, threads) {
  const commandLine = netArguments(net, threads)
  const step = script(net.net === 'layers' ? 'fit-step.mjs' : 'our-step.mjs')
  const ours = options.backends
    .flatMap((choice) => {
      const [backend, precision = 'float32'] = choice.split(':')
      if (backend === 'wasm') return Object.keys(peaks).map((simd) => ({ backend, precision, simd }))
      // A GPU takes no notice of threads: once is enough.
      return threads === Math.max(...options.threads) || backend === 'node' || backend === 'cpu' ? [{ backend, precision }] : []
    })
    .filter(({ simd }) => !options.quick || simd !== 'relaxed')
    .map(({ backend, precision, simd }) => ({
      name: [backend, simd, ...inPrecision(precision)].filter(Boolean).join(' '),
      backend,
      precision,
      simd,
      program: process.execPath,
      commandLine: [step, ...commandLine, '--backend', backend, '--precision', precision, ...(simd === undefined ? [] : ['--simd', simd])],
      env: backend === 'node' ? threadsOfTensorFlow(threads) : {},
    }))
  const theirs = [...new Set(ours.map(({ precision }) => precision))].map((precision) => ({
    name: torchName(precision),
    program: python?.program,
    commandLine: [script('torch_step.py'), ...commandLine, '--precision', precision],
  }))
  const compared = await compareEngines(python ? [...ours, ...theirs] : ours, options)
  return ours.map(({ name, backend, precision, simd }) => {
    const torch = compared.find((each) => each.name === torchName(precision) && each.error === undefined)
    const about = { net: net.net, width: widthNumber(net.width), batch: net.input[0], backend, precision, simd, threads }
    const { error, ...measured } = compared.find((each) => each.name === name)
    if (error !== undefined) return { ...about, error }
    const times = (which) => ({
      msPerStep: measured[which],
      pytorchMsPerStep: torch?.[which],
      ratio: torch && torch[which] / measured[which],
    })
    const counted = measured.quiet === undefined ? 'all' : 'quiet'
    return {
      ...about,
      says: measured.backend,
      ...times(counted),
      counted,
      quietSteps: measured.quiet === undefined ? undefined : times('quiet'),
      allSteps: times('all'),
      fastestSteps: times('fastest'),
      steps: measured.steps,
      dropped: measured.quietSteps === undefined ? undefined : measured.steps - measured.quietSteps,
      pytorchSteps: torch?.steps,
      pytorchDropped: torch?.quietSteps === undefined ? undefined : torch.steps - torch.quietSteps,
    }
  })
}

function torchName(precision) {
  return ['PyTorch', ...inPrecision(precision)].join(' ')
}

function inPrecision(precision) {
  return precision === 'float32' ? [] : [precision]
}

/** TensorFlow has threads of its own, as many as there are cores unless it is told before it is loaded. */
function threadsOfTensorFlow(threads) {
  return threads < availableParallelism() ? { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: String(threads) } : {}
}

function netArguments({ net, width, input }, threads) {
  const about = ['--net', net, '--width', String(widthNumber(width)), '--input', JSON.stringify(input)]
  return about.concat('--threads', String(threads), '--warmup', options.quick ? '0' : '2')
}

async function profile(net, threads, simd) {
  const commandLine = [script('our-step.mjs'), ...netArguments(net, threads), '--simd', simd, '--profile']
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
        backend: { type: 'string' },
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
    const backends = values.backend?.split(',') ?? USUAL.filter((name) => present.some((each) => each.name === name && each.available))
    for (const choice of backends) {
      const [name] = choice.split(':')
      const found = present.find((each) => each.name === name)
      if (!found) throw new Error(`--backend must be of ${present.map((each) => each.name).join(', ')}, got ${name}`)
      if (!found.available) throw new Error(`--backend ${name} is not here: ${found.reason}`)
    }
    return {
      ...values,
      backends: quick && values.backend === undefined ? ['wasm'] : backends,
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
