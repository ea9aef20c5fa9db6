import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { build } from 'vite'
import webpack from 'webpack'

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url))

/** Bundles the page into a folder with the bundler's defaults; returns its warnings. */
export type Bundle = (folder: string) => Promise<string[]>

export const viteBundle: Bundle = async (folder) => {
  const warnings: string[] = []
  await build({
    configFile: false,
    root: FIXTURES,
    base: './',
    logLevel: 'silent',
    mode: 'production',
    build: {
      outDir: folder,
      emptyOutDir: true,
      chunkSizeWarningLimit: 4096,
      rolldownOptions: { onwarn: (warning) => void warnings.push(warning.message) },
    },
  })
  return warnings
}

export const webpackBundle: Bundle = async (folder) => {
  const compiler = webpack({
    mode: 'production',
    context: FIXTURES,
    entry: './page.mjs',
    output: { path: folder, filename: 'main.js' },
    performance: false,
    // Minifying takes most of the time; Vite does it.
    optimization: { minimize: false },
  })
  const stats = await new Promise<webpack.Stats>((resolve, reject) => {
    compiler.run((error, done) => {
      compiler.close((closing) => {
        const failure = error ?? closing
        if (failure) reject(failure)
        else if (done) resolve(done)
      })
    })
  })
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  await copyFile(`${FIXTURES}webpack.html`, `${folder}/index.html`)
  return warnings.map(({ message }) => message)
}
