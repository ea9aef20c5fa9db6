import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import { checkVersion } from './check-version.js'
import { installError } from './install-error.js'
import { librariesIn } from './library-names.js'

/** Where a TensorFlow lies that stays where it is, or was unpacked. */
export interface TensorFlowFiles {
  /** Folder of the headers: has tensorflow/c/c_api.h. */
  readonly include: string
  /** The libraries, that with the C interface first. */
  readonly libraries: readonly string[]
  /** Folders of NVIDIA's libraries beside it. */
  readonly cuda: readonly string[]
  /** Where it came from, in words. */
  readonly source: string
}

/** The TensorFlow of a Python environment: its folder, its site-packages, or tensorflow's folder therein. Python itself is not run. */
export function filesOfPython(given: string): TensorFlowFiles {
  const folder = resolve(given)
  requireFolder('--python', folder)
  const found = [folder, ...sitePackages(folder).map((packages) => join(packages, 'tensorflow')), join(folder, 'tensorflow')]
    .map((place) => ({ place, libraries: librariesIn(place) }))
    .find(({ libraries }) => libraries !== undefined)
  if (!found?.libraries) {
    throw installError(
      `--python ${given}: has no TensorFlow (lib/python3*/site-packages/tensorflow with libtensorflow_cc.so.2). Install tensorflow-cpu or tensorflow[and-cuda] there, 2.15 or later.`,
    )
  }
  const packages = dirname(found.place)
  for (const name of readdirSync(packages)) {
    const [, version] = /^tensorflow(?:_cpu)?-([\d.]+.*)\.dist-info$/.exec(name) ?? []
    if (version !== undefined) checkVersion(version, `--python ${given}`)
  }
  const nvidia = join(packages, 'nvidia')
  const cuda = existsSync(nvidia)
    ? readdirSync(nvidia)
        .map((name) => join(nvidia, name, 'lib'))
        .filter((lib) => existsSync(lib))
    : []
  return { include: include(found.place, '--python'), libraries: found.libraries, cuda, source: `Python environment ${folder}` }
}

/** A libtensorflow folder: libraries and headers, in lib and include or side by side. */
export function filesOfLibrary(given: string): TensorFlowFiles {
  const folder = resolve(given)
  requireFolder('--lib', folder)
  const place = [folder, join(folder, 'lib')].find((one) => librariesIn(one) !== undefined)
  if (place === undefined) {
    throw installError(
      `--lib ${given}: has no libtensorflow_cc.so.2 (or libtensorflow.so.2) with libtensorflow_framework.so.2 beside it, nor has its folder lib. Name the folder that an archive of libtensorflow unpacks to.`,
    )
  }
  return { include: include(place, '--lib'), libraries: librariesIn(place) as string[], cuda: [], source: `libtensorflow in ${folder}` }
}

function requireFolder(option: string, folder: string): void {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw installError(`${option} ${folder}: there is no such folder.`)
}

function sitePackages(environment: string): string[] {
  return ['lib', 'lib64']
    .map((name) => join(environment, name))
    .filter((lib) => existsSync(lib))
    .flatMap((lib) =>
      readdirSync(lib)
        .filter((name) => name.startsWith('python3'))
        .map((name) => join(lib, name, 'site-packages')),
    )
}

function include(place: string, option: string): string {
  const found = [join(place, 'include'), join(place, '..', 'include')].find((one) => existsSync(join(one, 'tensorflow/c/c_api.h')))
  if (found === undefined)
    throw installError(
      `${option} ${place}: has no include/tensorflow/c/c_api.h. TensorFlow's wheels and archives have it; install it again.`,
    )
  return found
}
