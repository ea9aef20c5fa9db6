import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

const ICD_FOLDERS = [
  '/usr/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/usr/local/nvidia/share/vulkan/icd.d',
]
const SWIFTSHADER = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json']

/** What a machine has for a GPU backend; nothing is started but nvidia-smi and the Pythons. @param {string | undefined} asked a Python to look at first */
export function findMachine(asked) {
  const vulkan = ICD_FOLDERS.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    nvidia: lines('nvidia-smi', ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']),
    vulkan,
    swiftshader: SWIFTSHADER.find(existsSync) ?? null,
    compiler: lines(process.env.CXX ?? 'g++', ['--version'])[0] ?? null,
    pythons: pythons(asked),
  }
}

/** Pythons that have TensorFlow or PyTorch, the one that is asked for first; an import of either takes seconds, so their metadata are read instead. */
function pythons(asked) {
  const code = `
import importlib.metadata as m, importlib.util as u, json, sys
def version(*names):
    for name in names:
        try: return m.version(name)
        except m.PackageNotFoundError: pass
print(json.dumps({"prefix": sys.prefix, "version": sys.version.split()[0], "torch": version("torch"),
                  "tensorflow": version("tensorflow", "tensorflow-cpu") if u.find_spec("tensorflow") else None}))`
  const found = new Map()
  for (const program of [asked, process.env.AUDIOTAG_PYTHON, 'python3', 'python'].filter(Boolean)) {
    const [line] = lines(program, ['-c', code])
    if (line === undefined) continue
    const python = { program, ...JSON.parse(line) }
    if (!found.has(python.prefix)) found.set(python.prefix, python)
  }
  return [...found.values()]
}

function lines(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 30_000 })
      .trim()
      .split('\n')
      .filter(Boolean)
  } catch {
    return []
  }
}
