// Compiles assembly/ to dist/kernels.wasm.
import { mkdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('..', import.meta.url))

const BUILDS = [{ name: 'kernels', options: [] }]

await mkdir(new URL('../dist/', import.meta.url), { recursive: true })
for (const { name, options } of BUILDS) {
  const target = `dist/${name}.wasm`
  const { error, stderr } = await asc.main([
    'assembly/index.ts',
    '--baseDir',
    folder,
    '--outFile',
    target,
    '--runtime',
    'stub',
    '--enable',
    'simd,bulk-memory',
    '--importMemory',
    '--noAssert',
    '-O3',
    '--disableWarning',
    '112', // v128 between functions: all of them are inlined or internal
    ...options,
  ])
  if (error) {
    process.stderr.write(String(stderr))
    process.exit(1)
  }
  const { size } = await stat(new URL(`../${target}`, import.meta.url))
  process.stdout.write(`${target}: ${size} bytes\n`)
}
