import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { installError } from './install-error.js'
import { lastLines, runCommand } from './run-command.js'

/** The version whose sources were read for the patch and whose behaviour the kernels know. */
export const BINDING_VERSION = '4.22.0'

/** The folder of @tensorflow/tfjs-node: the user's if it is the version, else npm's package, unpacked into a folder. Its install script is not run. */
export async function bindingSources(folder: string): Promise<string> {
  for (const name of ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu']) {
    for (const from of [import.meta.url, join(process.cwd(), 'from-here.js')]) {
      try {
        const manifest = createRequire(from).resolve(`${name}/package.json`)
        const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
        if (version === BINDING_VERSION && existsSync(join(dirname(manifest), 'binding/tfjs_backend.cc'))) return dirname(manifest)
      } catch {
        // Not installed there.
      }
    }
  }
  return fetchPackage(`@tensorflow/tfjs-node@${BINDING_VERSION}`, folder)
}

/** Node's own headers of its interface for addons, or npm's copy of them. */
export async function nodeHeaders(folder: string): Promise<string> {
  const places = [join(dirname(dirname(process.execPath)), 'include/node'), process.env['npm_config_nodedir'] ?? '', '/usr/include/node']
  const place = places.flatMap((one) => [one, join(one, 'include/node')]).find((one) => one !== '' && existsSync(join(one, 'node_api.h')))
  return place ?? join(await fetchPackage('node-api-headers@1', folder), 'include')
}

/** Fetches a package with npm and unpacks it; returns its folder. */
async function fetchPackage(name: string, folder: string): Promise<string> {
  const target = join(folder, name.replaceAll(/\W+/g, '-'))
  await mkdir(target, { recursive: true })
  const packed = await runCommand('npm', ['pack', name, '--silent', '--pack-destination', target], target)
  const archive = readdirSync(target).find((file) => file.endsWith('.tgz'))
  if (packed.code !== 0 || archive === undefined) {
    const reason = packed.code === undefined ? 'there is no npm' : lastLines(packed, 4)
    throw installError(`npm could not fetch ${name}: ${reason}\nOr install it in this project with npm install ${name} --ignore-scripts.`)
  }
  const unpacked = await runCommand('tar', ['-xzf', archive], target)
  if (unpacked.code !== 0) throw installError(`tar could not unpack ${archive}: ${lastLines(unpacked, 4)}`)
  return join(target, 'package')
}
