import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { installError } from './install-error.js'
import { patchBackend, patchExports } from './patch-binding.js'
import { lastLines, runCommand } from './run-command.js'
import type { TensorFlowFiles } from './tensorflow-files.js'

/** What an addon is built from. */
export interface AddonParts {
  readonly tensorflow: TensorFlowFiles
  /** Folders in which the addon looks for TensorFlow's libraries. */
  readonly searched: readonly string[]
  /** Folder of @tensorflow/tfjs-node. */
  readonly sources: string
  /** Folder of node_api.h. */
  readonly headers: string
  /** Folder for what is left over. */
  readonly work: string
}

/** Finds a C++ compiler: $CXX, else g++, c++, clang++. @throws BackendError `install` */
export async function findCompiler(): Promise<string> {
  const own = process.env['CXX']
  for (const command of own ? [own] : ['g++', 'c++', 'clang++']) {
    const { code } = await runCommand(command, ['--version'])
    if (code === 0) return command
  }
  throw installError(
    own
      ? `CXX=${own}: there is no such compiler. Name another, or leave CXX out.`
      : 'there is no C++ compiler (g++, c++, clang++) to build the addon with. Install one, e.g. apt-get install g++, or name it in CXX.',
  )
}

/** Compiles tfjs-node's binding, patched, against a TensorFlow. */
export async function buildAddon(
  compiler: string,
  addon: string,
  { tensorflow, searched, sources, headers, work }: AddonParts,
): Promise<void> {
  const copy = join(work, 'sources')
  await mkdir(copy, { recursive: true })
  await cp(join(sources, 'binding'), join(copy, 'binding'), { recursive: true })
  for (const [name, patch] of [
    ['tfjs_backend.cc', patchBackend],
    ['tfjs_binding.cc', patchExports],
  ] as const) {
    const file = join(copy, 'binding', name)
    await writeFile(file, patch(await readFile(file, 'utf8')))
  }
  const { include, libraries } = tensorflow
  const how = ['-std=gnu++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-static-libgcc', '-static-libstdc++']
  const places = [headers, include, copy, join(copy, 'binding')].map((folder) => `-I${folder}`)
  const files = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(copy, 'binding', name))
  // What the libraries need in turn is found when they are loaded.
  const flags = ['-Wl,--no-as-needed', '-Wl,--allow-shlib-undefined', `-L${dirname(libraries[0])}`]
  const linked = [...flags, ...libraries.map((file) => `-l:${basename(file)}`), ...tensorflow.cuda.flatMap(cudaLibraries)]
  const ended = await runCommand(compiler, [
    ...how,
    ...places,
    ...files,
    ...linked,
    ...searched.map((folder) => `-Wl,-rpath,${folder}`),
    '-o',
    addon,
  ])
  if (ended.code !== 0 || !existsSync(addon)) {
    throw installError(`${compiler} could not build the addon against ${tensorflow.source}:\n${lastLines(ended, 30)}`)
  }
}

/** NVIDIA's libraries that TensorFlow opens by their names, and not all of which it looks for in its wheel's folders (2.21: not libcusolver): it has those that came with the addon. */
function cudaLibraries(folder: string): string[] {
  const opened = /^lib(cublas|cublasLt|cudart|cudnn|cufft|cusolver|cusparse)\.so\.\d+$/
  return readdirSync(folder)
    .filter((name) => opened.test(name) && existsSync(join(folder, name)))
    .map((name) => join(folder, name))
}
