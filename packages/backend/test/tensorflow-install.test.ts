import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TextReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'

// Each starts processes.
vi.setConfig({ testTimeout: 60_000 })

const bin = fileURLToPath(new URL('../bin/audiotag-tensorflow.js', import.meta.url))

/** A folder of the test's own; the installation would go into its folder `data`. */
let place = ''
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'audiotag-install-'))
})
afterEach(() => rm(place, { recursive: true }))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in a process of its own. Its compiler says its version and does nothing; its PATH is empty. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const own = { AUDIOTAG_TENSORFLOW: join(place, 'data'), PATH: place, CXX: '/bin/true', HOME: place, ...env }
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { cwd: place, env: own }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

/** A wheel with these entries, each of its own name; returns its path. */
async function wheel(name: string, entries: readonly string[]): Promise<string> {
  const zip = new ZipWriter(new Uint8ArrayWriter())
  for (const entry of entries) await zip.add(entry, new TextReader(entry))
  const file = join(place, name)
  await writeFile(file, await zip.close())
  return file
}

/** A folder that looks like libtensorflow. */
async function library(): Promise<string> {
  const folder = join(place, 'libtensorflow')
  for (const file of ['lib/libtensorflow.so.2', 'lib/libtensorflow_framework.so.2', 'include/tensorflow/c/c_api.h']) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), '')
  }
  return folder
}

/** @tensorflow/tfjs-node as far as the patch looks at it; returns its folder. */
async function binding(): Promise<string> {
  const sources = join(place, 'node_modules/@tensorflow/tfjs-node')
  await mkdir(join(sources, 'binding'), { recursive: true })
  await writeFile(join(sources, 'package.json'), '{ "name": "@tensorflow/tfjs-node", "version": "4.22.0" }')
  const start = '#include "tfjs_backend.h"\n  const char *export_dir = export_dir_string.c_str();\n'
  await writeFile(join(sources, 'binding/tfjs_backend.cc'), `${start}    case TF_ATTR_STRING: {\n    case TF_ATTR_TYPE: {\n`)
  await writeFile(join(sources, 'binding/tfjs_binding.cc'), '  EXPORT_INT_PROPERTY(TF_ATTR_SHAPE);\n')
  return sources
}

const FULL = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2', 'tensorflow/include/tensorflow/c/c_api.h']
const processor = process.arch === 'x64' ? 'x86_64' : 'aarch64'
const nameOf = (version: string, platform = `manylinux_2_27_${processor}`): string =>
  `tensorflow_cpu-${version}-cp311-cp311-${platform}.whl`

/** The command fails with a message, and nothing of it is left. */
async function refused(args: readonly string[], message: RegExp, env: Record<string, string> = {}): Promise<void> {
  const before = await readdir(place)
  const { code, stderr } = await run(args, env)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) as string })
  expect(stderr).not.toMatch(/^\s+at /m) // no stack
  expect(await readdir(place)).toEqual(before)
}

describe.runIf(process.platform === 'linux')('audiotag-tensorflow', () => {
  test('help, and what it cannot make sense of', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('install --python DIR') as string })
    for (const args of [[], ['instal'], ['install', 'it'], ['install', '--pyhton', 'x'], ['status', '--version', '2.21.0']]) {
      expect(await run(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--help') as string })
    }
  })

  test('without an installation, status and uninstall say so', async () => {
    for (const command of ['status', 'uninstall']) {
      expect(await run([command])).toEqual({ code: 0, stdout: `nothing is installed in ${join(place, 'data')}.\n`, stderr: '' })
    }
  })

  test('no compiler', async () => {
    await refused(['install'], /there is no C\+\+ compiler .*apt-get install g\+\+/, { CXX: '' })
    await refused(['install'], /CXX=no-such: there is no such compiler/, { CXX: 'no-such' })
  })

  test('no pip', () => refused(['install'], /there is no pip .*--wheel FILE/))

  test.each(['2.14.1', '2.22.0', '1.15.0', '3.0.0', 'newest'])('version %s is out of range', async (version) => {
    await refused(['install', '--version', version], new RegExp(`must be 2\\.15 to 2\\.21, got ${version}`))
    await refused(['install', '--wheel', await wheel(nameOf(version), FULL)], new RegExp(`must be 2\\.15 to 2\\.21, got ${version}`))
  })

  test.each(['manylinux_2_27_riscv64', 'macosx_12_0_arm64', 'win_amd64'])('a wheel for %s', async (platform) => {
    await refused(
      ['install', '--wheel', await wheel(nameOf('2.21.0', platform), FULL)],
      new RegExp(`is for ${platform}, this machine is linux`),
    )
  })

  test('a file that is no wheel of TensorFlow', async () => {
    await refused(['install', '--wheel', join(place, nameOf('2.21.0'))], /there is no such file/)
    await refused(
      ['install', '--wheel', await wheel('numpy-2.0.0-cp311-cp311-linux_x86_64.whl', FULL)],
      /must be a wheel of tensorflow or tensorflow-cpu/,
    )
    await refused(
      ['install', '--wheel', await wheel(nameOf('2.20.0'), FULL.slice(0, 2))],
      /holds no tensorflow\/include\/tensorflow\/c\/c_api\.h/,
    )
    const file = await wheel(nameOf('2.21.0'), FULL)
    await writeFile(file, (await readFile(file)).subarray(0, 200))
    await refused(['install', '--wheel', file], /is no readable wheel/)
  })

  test('a wheel that is damaged inside', async () => {
    const file = await wheel(nameOf('2.21.0'), FULL)
    const bytes = await readFile(file)
    bytes[45 + FULL[0].length] ^= 255
    await writeFile(file, bytes)
    await refused(['install', '--wheel', file], /cannot be unpacked: .*Download it again/)
  })

  test('folders without a TensorFlow', async () => {
    await mkdir(join(place, 'empty'))
    await refused(['install', '--python', 'nowhere'], /nowhere: there is no such folder/)
    await refused(['install', '--python', 'empty'], /has no TensorFlow .*Install tensorflow-cpu/)
    await refused(['install', '--lib', 'empty'], /has no libtensorflow_cc\.so\.2/)
  })

  test('options that exclude each other', async () => {
    await refused(['install', '--lib', 'a', '--python', 'b'], /exclude each other/)
    await refused(['install', '--lib', 'a', '--version', '2.21.0'], /--version is for what pip fetches/)
  })

  test('no npm for the sources of the binding', async () => {
    await refused(['install', '--lib', await library()], /npm could not fetch @tensorflow\/tfjs-node@4\.22\.0: there is no npm/)
  })

  test('no room on the disk', async () => {
    const { install } = (await import('../dist/tensorflow-install/install.js')) as {
      install: (options: object) => Promise<unknown>
    }
    const file = await wheel(nameOf('2.21.0'), FULL)
    const before = await readdir(place)
    const { env } = process
    const saved = [env['AUDIOTAG_TENSORFLOW'], env['CXX']]
    Object.assign(env, { AUDIOTAG_TENSORFLOW: join(place, 'data'), CXX: '/bin/true' })
    try {
      for (const how of [{}, { wheel: file }, { lib: await library() }]) {
        await expect(install({ ...how, free: () => Promise.resolve(1e6), say: () => {} })).rejects.toMatchObject({
          code: 'install',
          message: expect.stringMatching(/needs \d+ MB of disk, 1 MB are free. Make room/) as string,
        })
      }
    } finally {
      for (const [i, key] of ['AUDIOTAG_TENSORFLOW', 'CXX'].entries()) {
        if (saved[i] === undefined) delete env[key]
        else env[key] = saved[i]
      }
    }
    expect(await readdir(place)).toEqual([...before, 'libtensorflow'].toSorted())
  })

  test("NVIDIA's libraries beside a TensorFlow come with the addon", async () => {
    await binding()
    const packages = join(place, 'env/lib/python3.12/site-packages')
    const nvidia = [
      'cublas/lib/libcublas.so.12',
      'cusolver/lib/libcusolver.so.11',
      'cusolver/lib/libcusolverMg.so.11',
      'cuda_nvcc/bin/ptxas',
    ]
    for (const file of [...FULL.map((name) => join(packages, name)), ...nvidia.map((name) => join(packages, 'nvidia', name))]) {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, '')
    }
    await writeFile(join(place, 'arguments'), '')
    const compiler = join(place, 'compiler')
    await writeFile(compiler, `#!/bin/sh\n[ "$1" = --version ] && exit 0\nprintf '%s\\n' "$@" > '${place}/arguments'\nexit 1\n`)
    await chmod(compiler, 0o755)
    await refused(['install', '--python', join(place, 'env')], /could not build the addon/, { CXX: compiler })
    const given = (await readFile(join(place, 'arguments'), 'utf8')).split('\n')
    expect(given.filter((argument) => argument.startsWith(join(packages, 'nvidia')))).toEqual([
      join(packages, 'nvidia/cublas/lib/libcublas.so.12'),
      join(packages, 'nvidia/cusolver/lib/libcusolver.so.11'),
    ])
    expect(given).toContain(`-Wl,-rpath,${join(packages, 'nvidia/cusolver/lib')}`)
  })

  test('a compiler that fails says why, and what was installed before is there still', async () => {
    const sources = await binding()
    const compiler = join(place, 'compiler')
    await writeFile(compiler, '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "c_api.h: no such thing" >&2\nexit 1\n')
    await chmod(compiler, 0o755)
    await mkdir(join(place, 'data'))
    await writeFile(join(place, 'data/installation.json'), '{ "format": 1 }')
    await refused(['install', '--lib', await library()], /could not build the addon against libtensorflow in .*\n.*no such thing/, {
      CXX: compiler,
    })
    expect(await readdir(join(place, 'data'))).toEqual(['installation.json'])
    await writeFile(join(sources, 'binding/tfjs_backend.cc'), 'other')
    await refused(['install', '--lib', await library()], /are not those of 4\.22\.0/)
    expect(await run(['uninstall'])).toEqual({ code: 0, stdout: `${join(place, 'data')} is removed.\n`, stderr: '' })
    expect(await readdir(place)).not.toContain('data')
  })

  test('a folder that holds something else is left alone', async () => {
    await mkdir(join(place, 'data'))
    await writeFile(join(place, 'data/thesis.txt'), 'mine')
    await refused(['install'], /holds something else. Name another folder/)
    await refused(['uninstall'], /holds no installation of TensorFlow, so it is left alone/)
    expect(await readdir(join(place, 'data'))).toEqual(['thesis.txt'])
  })
})
