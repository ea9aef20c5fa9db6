// tools/gpu/run: sets up the GPU backends from what a machine has, tests and measures them, see README.md.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { startEngine } from '../bench-train/engine.mjs'
import { median } from '../bench-train/profile-steps.mjs'
import { findMachine } from './find-machine.mjs'
import { SMALL_STEPS, STEPS } from './steps.mjs'
import { writeResults } from './write-results.mjs'

const USAGE = 'tools/gpu/run [--out DIR] [--seconds 540] [--python FILE] [--backend node-gpu,webgpu] [--no-tests] [--small]'
/** wasm to compare with, and to try this program. */
const KNOWN = ['node-gpu', 'node', 'webgpu', 'wasm']
const root = fileURLToPath(new URL('../..', import.meta.url))
const start = performance.now()
const options = readOptions()
const elapsed = () => (performance.now() - start) / 1000
const left = () => options.seconds - elapsed()

mkdirSync(options.out, { recursive: true })
const machine = findMachine(options.python)
/** @type {{ machine: object, setup: object[], backends: { name: string, available: boolean, reason: string }[], suites: { ok: boolean }[], steps: { ms?: number }[], complete: boolean, seconds: number }} */
const results = { machine, setup: [], backends: [], suites: [], steps: [], complete: false, seconds: 0 }
const save = () => {
  results.seconds = elapsed()
  writeResults(options.out, results)
}
const say = (text) => console.log(`${elapsed().toFixed(0).padStart(4)} s  ${text}`)
const env = { ...process.env }

say(`Node ${machine.node}, ${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB`)
say(`nvidia-smi: ${machine.nvidia.join('; ') || 'not here, or no GPU'}`)
say(`Vulkan drivers: ${machine.vulkan.join(', ') || 'none'}${machine.swiftshader ? `; SwiftShader ${machine.swiftshader}` : ''}`)
for (const { program, version, tensorflow, torch } of machine.pythons)
  say(`${program} ${version}: TensorFlow ${tensorflow ?? 'not here'}, PyTorch ${torch ?? 'not here'}`)
save()

await setUpTensorFlow()
setUpVulkan()
results.backends = await report()
for (const { name, available, reason } of results.backends) say(`${name}: ${available ? 'here' : `not here, ${reason}`}`)
save()

const wanted = options.backend ?? ['node-gpu', 'webgpu', 'node']
let names = results.backends.filter(({ name, available }) => available && wanted.includes(name)).map(({ name }) => name)
// TensorFlow on the processor stands in where it sees no GPU.
if (!options.backend && names.includes('node-gpu')) names = names.filter((name) => name !== 'node')
if (names.length === 0) {
  say(`none of ${wanted.join(', ')} is here: nothing to test or measure. README.md beside this program says what each needs.`)
  save()
  process.exit(1)
}

if (options.tests) for (const name of names) await runSuites(name)
const torch = machine.pythons.find((python) => python.torch)
const devices = torch ? await torchDevice(torch.program) : undefined
if (torch) say(`PyTorch ${torch.torch} computes on ${devices}`)
await measureAll()
results.complete = true
save()
say(`${join(options.out, 'gpu.md')} and gpu.json`)
const failed = results.suites.filter(({ ok }) => !ok).length
const measured = results.steps.filter(({ ms }) => ms !== undefined).length
console.log(
  `${names.join(', ')}: ${results.suites.length - failed} suites passed, ${failed} failed; ${measured} of ${results.steps.length} steps measured`,
)
process.exit(failed === 0 && measured > 0 ? 0 : 1)

function noteTensorFlow(ok, said) {
  results.setup.push({ what: 'TensorFlow', ok, said })
  say(`TensorFlow: ${said}`)
}

async function setUpTensorFlow() {
  const python = machine.pythons.find(({ tensorflow }) => tensorflow)
  const program = join(root, 'packages/backend/bin/audiotag-tensorflow.js')
  if (process.env.AUDIOTAG_TENSORFLOW && existsSync(join(process.env.AUDIOTAG_TENSORFLOW, 'installation.json')))
    return noteTensorFlow(true, `as AUDIOTAG_TENSORFLOW has it, ${process.env.AUDIOTAG_TENSORFLOW}`)
  if (!python) return noteTensorFlow(false, 'no Python here has TensorFlow (--python FILE names one)')
  if (!existsSync(program)) return noteTensorFlow(false, 'this version of @audiotag/backend has no audiotag-tensorflow')
  env.AUDIOTAG_TENSORFLOW = join(options.out, 'audiotag-tensorflow')
  const { code, output } = await execute(process.execPath, [program, 'install', '--python', python.prefix], Math.min(120, left()))
  if (code !== 0) delete env.AUDIOTAG_TENSORFLOW
  const lines = output.trim().split('\n')
  noteTensorFlow(code === 0, code === 0 ? (lines.at(-2) ?? '') : lines.slice(-4).join(' '))
}

/** A driver of a real GPU where there is one; else the loader's own choice, or SwiftShader. */
function setUpVulkan() {
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES) {
    results.setup.push({ what: 'Vulkan', ok: true, said: `as the environment has it, ${env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES}` })
    return
  }
  const nvidia = machine.nvidia.length > 0 ? machine.vulkan.find((file) => file.includes('nvidia')) : undefined
  const driver = nvidia ?? (machine.nvidia.length === 0 ? machine.swiftshader : undefined)
  if (driver) env.VK_DRIVER_FILES = env.VK_ICD_FILENAMES = driver
  results.setup.push({
    what: 'Vulkan',
    ok: Boolean(driver ?? machine.vulkan.length),
    said: driver ?? (machine.vulkan.join(', ') || 'no driver'),
  })
}

/** In a process of its own: looking for a GPU may load its driver, with the environment that was set up. */
async function report() {
  const code = `import { backendReport } from './packages/backend/dist/index.js'
console.log(JSON.stringify((await backendReport()).backends)); process.exit(0)`
  const { output, stdout } = await execute(process.execPath, ['--input-type=module', '-e', code], Math.min(60, left()))
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1))
  } catch {
    throw new Error(`tools/gpu/run: backendReport gave no answer: ${output}`)
  }
}

/** What a suite may take: half of all time is for the measurements. */
function suiteSeconds() {
  return Math.min(150, left() - options.seconds / 2)
}

/** TensorFlow.js's own specs, then this repository's tests of the backend and of what runs on it. */
async function runSuites(backend) {
  const vitest = join(root, 'node_modules/.bin/vitest')
  const group = backend.startsWith('node') ? 'tensorflow' : backend
  const tests = ['run', '--config', 'vitest.workspace.ts', '--testTimeout', '60000', '--hookTimeout', '60000']
  const packages = ['models', 'train', 'ssl', 'ensemble'].flatMap((name) => ['--project', `@audiotag/${name}`])
  // Factors of 11 bits, cuDNN's default, are not what tests of float32 are about.
  const more = { NO_COLOR: '1', ...(backend === 'node-gpu' && { NVIDIA_TF32_OVERRIDE: '0', AUDIOTAG_TEST_DEVICE: 'gpu' }) }
  const suites = [
    {
      suite: 'conformance',
      there: existsSync(join(root, `tools/conformance/backends/${backend}.js`)),
      program: process.execPath,
      args: ['tools/conformance/run.mjs', backend],
    },
    {
      suite: '@audiotag/backend',
      there: existsSync(vitest),
      program: vitest,
      args: [...tests, '--project', '@audiotag/backend', backend === 'node-gpu' ? 'tensorflow.test' : group],
    },
    {
      suite: 'models, train, ssl, ensemble',
      // A software adapter takes minutes.
      there: existsSync(vitest) && (machine.nvidia.length > 0 || backend !== 'webgpu'),
      program: vitest,
      args: [...tests, '-t', `backends ${group}`, ...packages],
    },
  ]
  for (const { suite, there, program, args } of suites) {
    const begun = elapsed()
    const note = (ok, result) => {
      results.suites.push({ suite, backend, ok, result, seconds: elapsed() - begun })
      say(`${suite} on ${backend}: ${result}`)
      save()
    }
    if (!there) {
      say(`${suite} on ${backend}: left out`)
      continue
    }
    if (suiteSeconds() < 5) {
      note(false, 'no time was left')
      continue
    }
    const { code, output } = await execute(program, args, suiteSeconds(), more)
    const last = output
      .trim()
      .split('\n')
      .filter((line) => /passed|failed|specs|No test files/.test(line))
      .slice(-2)
      .map((line) => line.trim())
      .join('; ')
    note(code === 0, code === null ? 'stopped at its time limit' : last || output.trim().split('\n').at(-1))
  }
}

async function measureAll() {
  const isGpu = machine.nvidia.length > 0
  const steps = options.small ? SMALL_STEPS : isGpu ? STEPS : STEPS.filter(({ gpuOnly }) => !gpuOnly)
  const precisions = {
    wasm: ['float32'],
    webgpu: ['float32', 'float16'],
    node: ['float32', 'bfloat16'],
    'node-gpu': ['float32', 'bfloat16'],
  }
  const refused = new Set() // what a backend said that it does not offer is not asked again
  const jobs = steps.flatMap((step) => ['float32', 'float16', 'bfloat16'].map((precision) => ({ ...step, precision })))
  for (const { gpuOnly: _, ...step } of jobs) {
    const engines = names.filter((name) => precisions[name].includes(step.precision) && !refused.has(`${name} ${step.precision}`))
    if (engines.length === 0) continue
    const theirs = torch && (await measure(step, 'PyTorch', torch.program, ['tools/bench-train/torch_step.py', '--device', devices]))
    for (const name of engines) {
      const script = step.net === 'layers' ? 'fit-step.mjs' : 'our-step.mjs'
      const ours = await measure(step, name, process.execPath, [`tools/bench-train/${script}`, '--backend', name])
      if (ours.error?.includes('does not offer')) refused.add(`${name} ${step.precision}`)
      const ratio = ours.ms !== undefined && theirs?.ms !== undefined ? theirs.ms / ours.ms : undefined
      results.steps.push({
        ...step,
        engine: name,
        ...ours,
        pytorchMs: theirs?.ms,
        pytorchClockMHz: theirs?.clockMHz,
        pytorchError: theirs?.error,
        pytorchDevice: devices,
        ratio,
      })
      const said =
        ours.ms === undefined ? ours.error : `${ours.ms.toFixed(1)} ms${ratio === undefined ? '' : `, PyTorch / ours ${ratio.toFixed(2)}`}`
      say(`${step.net} ${step.input.join('×')} ${step.task} ${step.precision} ${name}: ${said}`)
      save()
    }
  }
}

/** Median of up to 15 steps, within a share of the time that is left. */
async function measure({ net, width, input, task, precision }, name, program, args) {
  const limit = Math.min(60, left() / 3)
  if (limit < 3) return { error: 'no time was left' }
  const end = performance.now() + limit * 1000
  const threads = name === 'PyTorch' || name.startsWith('node') ? machine.cores : 1
  const about = ['--net', net, '--width', String(width), '--input', JSON.stringify(input), '--task', task, '--precision', precision]
  const engine = startEngine(program, [...args, ...about, '--threads', String(threads), '--warmup', '1'], env)
  let timer
  const tooLong = new Promise(
    (_, reject) => (timer = setTimeout(() => reject(new Error(`no step ended within ${limit.toFixed(0)} s`)), limit * 1000)),
  )
  const times = []
  try {
    const running = await Promise.race([engine, tooLong])
    while (times.length < 15 && (times.length === 0 || performance.now() + median(times) < end))
      times.push(await Promise.race([running.step(), tooLong]))
    const clockMHz = graphicsClock()
    return { ms: median(times), fastestMs: Math.min(...times), count: times.length, clockMHz, says: running.backend ?? running.version }
  } catch (error) {
    if (times.length > 0) return { ms: median(times), fastestMs: Math.min(...times), count: times.length, stopped: error.message }
    return { error: error.message }
  } finally {
    clearTimeout(timer)
    engine.kill()
  }
}

/** What the GPU's cores run at now, right after a step; undefined without an NVIDIA GPU. */
function graphicsClock() {
  if (machine.nvidia.length === 0) return undefined
  try {
    return Number(
      execFileSync('nvidia-smi', ['--query-gpu=clocks.sm', '--format=csv,noheader,nounits'], { encoding: 'utf8' }).split('\n')[0],
    )
  } catch {
    return undefined
  }
}

/** Where PyTorch computes: on CUDA if it sees one. */
async function torchDevice(program) {
  const { stdout } = await execute(
    program,
    ['-c', 'import torch; print("cuda" if torch.cuda.is_available() else "cpu")'],
    Math.min(60, left()),
  )
  return stdout.trim().split('\n').at(-1) || 'cpu'
}

/** Runs a program in the repository with a time limit; its group ends with it. `code` is null where it was stopped. */
function execute(program, args, seconds, more = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd: root, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let [output, stdout, code] = ['', '', undefined]
    child.stdout.on('data', (chunk) => ((output += chunk), (stdout += chunk)))
    child.stderr.on('data', (chunk) => (output += chunk))
    const timer = setTimeout(
      () => {
        code = null
        process.kill(-Number(child.pid), 'SIGKILL')
      },
      Math.max(1, seconds) * 1000,
    )
    child.on('error', (error) => (output += error.message))
    child.on('close', (status) => {
      clearTimeout(timer)
      done({ code: code === null ? null : (status ?? 1), output, stdout })
    })
  })
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: 'string', default: 'gpu-results' },
        seconds: { type: 'string', default: '540' },
        python: { type: 'string' },
        backend: { type: 'string' },
        tests: { type: 'boolean', default: true },
        small: { type: 'boolean', default: false },
      },
      allowNegative: true,
    })
    const seconds = Number(values.seconds)
    if (!(seconds >= 10 && seconds <= 590)) throw new Error(`--seconds must be 10 to 590, got ${values.seconds}`)
    const backend = values.backend?.split(',')
    for (const name of backend ?? []) if (!KNOWN.includes(name)) throw new Error(`--backend must be of ${KNOWN.join(', ')}, got ${name}`)
    return { ...values, seconds, backend, out: resolve(values.out) }
  } catch (cause) {
    console.error(`tools/gpu/run: ${cause.message}\n${USAGE}`)
    return process.exit(2)
  }
}
