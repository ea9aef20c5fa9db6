import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'tools/conformance')
const backendPackage = join(root, 'packages/backend')

/** Bundles TensorFlow.js's specs with one backend into a single file and returns its path. There is one copy of tfjs-core in it. */
export async function bundleSuite(backendFile) {
  const require = createRequire(join(backendPackage, 'package.json'))
  const packageFolder = async (name) => realpath(dirname(require.resolve(`${name}/package.json`)))
  const tensorflow = [
    '@tensorflow/tfjs-core',
    '@tensorflow/tfjs-backend-cpu',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-webgpu',
  ]
  const folders = await Promise.all(tensorflow.map(async (name) => [name, await packageFolder(name)]))
  const outfile = join(root, 'node_modules/.cache/conformance', `${backendFile}.cjs`)
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'suite.js')],
    outfile,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    ignoreAnnotations: true, // else every spec counts as unused
    alias: {
      ...Object.fromEntries(folders),
      '@audiotag/backend': join(backendPackage, 'dist/index.js'),
      'conformance:backend': join(folder, 'backends', `${backendFile}.js`),
    },
    external: ['jasmine-core/*'],
    logLevel: 'error',
    plugins: [ownPlace],
  })
  // In one go: another run may be loading it.
  await mkdir(dirname(outfile), { recursive: true })
  await writeFile(`${outfile}.${process.pid}`, outputFiles[0].contents)
  await rename(`${outfile}.${process.pid}`, outfile)
  return outfile
}

/** Files that load others from beside themselves — WebAssembly, workers — keep finding them where they were. */
const ownPlace = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /(backend[\\/]dist|wasm-out)[\\/].*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      return {
        contents: source
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
          .replaceAll('__dirname', JSON.stringify(dirname(path))),
        loader: 'js',
      }
    })
  },
}
