import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { SHARED_TFJS } from '../tensorflow/load-tensorflow.js'

/**
 * Writes the JavaScript of @tensorflow/tfjs-node that the backend needs: kernels, backend, file:// for models. TensorFlow.js itself is the copy of whoever
 * loads it, and the two functions that Node 22 warns of and Node 23 has not are brought along.
 */
export async function writeTfjsFiles(from: string, to: string): Promise<void> {
  for (const folder of ['', 'kernels', 'io']) {
    await mkdir(join(to, 'dist', folder), { recursive: true })
    const names =
      folder === ''
        ? ['nodejs_kernel_backend.js', 'register_all_kernels.js', 'int64_tensors.js']
        : await readdir(join(from, 'dist', folder))
    for (const name of names.filter(isScript)) {
      const source = await readFile(join(from, 'dist', folder, name), 'utf8')
      const functions = folder === '' ? './functions-of-util' : '../functions-of-util'
      const own = /\butil_1\.(isNullOrUndefined|isArray)\b/.test(source)
        ? source.replaceAll('require("util")', `require("${functions}")`)
        : source
      await writeFile(join(to, 'dist', folder, name), own)
    }
  }
  const functions = 'exports.isNullOrUndefined = (value) => value === null || value === undefined\nexports.isArray = Array.isArray\n'
  await writeFile(join(to, 'dist/functions-of-util.js'), functions)
  // Messages of TensorBoard, which this leaves out.
  await mkdir(join(to, 'dist/proto'))
  await writeFile(join(to, 'dist/proto/api_pb.js'), 'module.exports = {}\n')
  for (const name of ['tfjs', 'tfjs-core']) {
    const folder = join(to, 'node_modules/@tensorflow', name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'index.js'), `module.exports = globalThis[Symbol.for(${JSON.stringify(SHARED_TFJS)})]\n`)
  }
  await cp(join(from, 'package.json'), join(to, 'package.json'))
}

const isScript = (name: string): boolean => name.endsWith('.js') && !name.endsWith('_test.js')
