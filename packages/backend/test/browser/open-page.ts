import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { json } from 'node:stream/consumers'

const places = process.env['CHROMIUM'] ? [process.env['CHROMIUM']] : ['/usr/bin/chromium', '/usr/bin/chromium-browser']

/** Chromium: the one the environment variable CHROMIUM names, else the one of this machine; nothing when there is none. */
export const chromium: string | undefined = places.find((file) => existsSync(file))

/** What the page posts. */
export interface Posted {
  readonly isolated: boolean
  readonly threads?: number
  readonly simd?: string
  readonly losses?: readonly number[]
  readonly digest?: string
  readonly error?: string
  readonly code?: string
  readonly adapter?: string
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' }
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

/** How to serve and open a page. */
export interface PageOptions {
  /** Whether it is cross-origin isolated. */
  readonly isolated: boolean
  readonly query?: string
  /** A file of the folder that is answered with 404. */
  readonly withheld?: string
  readonly seconds?: number
  /** WebGPU on SwiftShader, in Chromium's own build of it. */
  readonly webgpu?: boolean
}

/** Serves a folder, or what a server answers, on loopback, opens its page in headless Chromium and returns what the page posts. */
export async function openPage(
  source: string | RequestListener,
  { isolated, query = '', withheld = '', seconds = 60, webgpu = false }: PageOptions,
): Promise<Posted> {
  const missing: string[] = []
  const server = createServer()
  const result = new Promise<Posted>((resolve) => {
    server.on('request', (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      if (request.method === 'POST') {
        json(request).then(
          (body) => {
            response.end()
            resolve(body as Posted)
          },
          () => response.writeHead(400).end(),
        )
        return
      }
      if (isolated) for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value)
      if (typeof source === 'function') {
        source(request, response)
        return
      }
      const file = pathname === '/' ? '/index.html' : normalize(pathname)
      readFile(join(source, file === `/${withheld}` ? 'withheld' : file)).then(
        (body) => {
          response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'text/plain' })
          response.end(body)
        },
        () => {
          missing.push(file)
          response.writeHead(404).end()
        },
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const profile = await mkdtemp(join(tmpdir(), 'audiotag-chromium-'))
  // A group of its own, so that its children end with it.
  const browser = spawn(
    chromium ?? 'chromium',
    [
      '--headless',
      '--no-sandbox',
      ...(webgpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'] : ['--disable-gpu']),
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-extensions',
      '--no-first-run',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      `--user-data-dir=${profile}`,
      '--enable-logging=stderr',
      `http://127.0.0.1:${port}/${query}`,
    ],
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const log: string[] = []
  browser.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString()))
  const closed = new Promise<void>((resolve) => browser.once('close', () => resolve()))
  let timer: ReturnType<typeof setTimeout> | undefined
  const failed = new Promise<never>((_resolve, reject) => {
    const fail = (what: string): void => {
      const lines = log.join('').split('\n')
      reject(new Error([what, `not found: ${missing.join(', ')}`, ...lines.filter((line) => line.includes('CONSOLE'))].join('\n')))
    }
    browser.once('error', (error) => fail(`Chromium did not start: ${error.message}`))
    browser.once('exit', (code) => fail(`Chromium ended with code ${code} before the page posted.\n${log.join('').slice(-2000)}`))
    timer = setTimeout(() => fail(`The page posted nothing within ${seconds} s.`), seconds * 1000)
  })
  try {
    return await Promise.race([result, failed])
  } finally {
    clearTimeout(timer)
    if (browser.pid !== undefined && browser.exitCode === null) {
      process.kill(-browser.pid, 'SIGKILL')
      await closed
    }
    server.closeAllConnections()
    server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 3 })
  }
}
