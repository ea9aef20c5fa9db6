// Compiles assembly/ to dist/kernels*.wasm: for plain and for shared memory, with plain and with relaxed SIMD.
import { mkdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('..', import.meta.url))

const SHARED = ['--enable', 'threads', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536']
const RELAXED = ['--enable', 'relaxed-simd']
const BUILDS = [
  { name: 'kernels', options: [] },
  { name: 'kernels-shared', options: SHARED },
  { name: 'kernels-relaxed', options: RELAXED },
  { name: 'kernels-shared-relaxed', options: [...SHARED, ...RELAXED] },
]

await mkdir(new URL('../dist/', import.meta.url), { recursive: true })
for (const { name, options } of BUILDS) {
  const target = `dist/${name}.wasm`
  const stderr = asc.createMemoryStream()
  const { error } = await asc.main(
    [
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
    ],
    { stderr },
  )
  if (error) {
    process.stderr.write(`${error.message}\n${stderr.toString()}`)
    process.exit(1)
  }
  const { size } = await stat(new URL(`../${target}`, import.meta.url))
  process.stdout.write(`${target}: ${size} bytes\n`)
}
