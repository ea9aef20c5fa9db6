import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { DoctorBackend } from '../src/stages/doctor.js'
import { runProgram } from './run-program.js'
import { smallDataset } from './small-dataset.js'

const commands = [
  'run',
  'prepare',
  'train',
  'pseudo-label',
  'predict',
  'ensemble',
  'evaluate',
  'report',
  'configs',
  'doctor',
  'import-torch',
  'export-torch',
]
const root = mkdtempSync(join(tmpdir(), 'dcase2019-cli-'))
const temporary = () => mkdtempSync(join(root, 'run-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('dcase2019', () => {
  it.each(commands)('%s --help shows examples first and exits 0', async (command) => {
    const { code, stdout } = await runProgram(command, '--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Examples:\n {2}dcase2019 /u)
    expect(stdout).toMatch(new RegExp(`Usage: dcase2019 ${command}`, 'u'))
    expect(stdout).toContain('--json')
  })

  it('--help lists every command', async () => {
    const { stdout } = await runProgram('--help')
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'mu'))
  })

  it('an unknown flag is exit 2 with a suggestion', async () => {
    const { code, stderr, stdout } = await runProgram('train', '--modle', 'A')
    expect(code).toBe(2)
    expect(stderr).toMatch(/unknown option '--modle'.*\n\(Did you mean --model\?\)/u)
    expect(stdout).toBe('')
  })

  it('an unknown command is exit 2 with a suggestion', async () => {
    const { code, stderr } = await runProgram('tarin')
    expect(code).toBe(2)
    expect(stderr).toMatch(/unknown command 'tarin'.*\n\(Did you mean train\?\)/u)
  })

  it.each([
    [['run'], 2, /--config NAME/u],
    [['run', '--config', 'dmeo'], 2, /did you mean 'demo'/u],
    [['train', '--config', 'smoke', '--run', join(temporary(), 'a'), '--fold', 'x'], 2, /must be an integer/u],
    [['train', '--config', 'smoke', '--run', join(temporary(), 'b'), '--model', 'Z'], 2, /no model 'Z' in config 'smoke': it has A, B, C/u],
    [
      ['train', '--config', 'smoke', '--run', join(temporary(), 'c'), '--model', 'A', '--fold', '7'],
      2,
      /--fold must be one of 0, 1, got 7/u,
    ],
    [['evaluate', '--run', join(temporary(), 'nothing')], 3, /holds no run/u],
    [
      ['train', '--config', 'smoke', '--run', join(temporary(), 'd'), '--model', 'A', '--fold', '0'],
      3,
      /no features in .*dcase2019 prepare/u,
    ],
    [['run', '--config', 'table2-row12'], 2, /unknown config 'table2-row12' \(did you mean 'table2-row1'\?\)/u],
    [['run', '--config', 'table2-row10', '--scale', 'width=3'], 2, /--scale: width must be above 0 and at most 1, got 3/u],
    [['run', '--config', 'table2-row10', '--scale', 'toys'], 2, /--scale: expected toy or KEY=VALUE/u],
    [['run', '--run', join(temporary(), 'g'), '--scale', 'toy'], 2, /--scale goes with --config/u],
    [['prepare', '--config', 'model1', '--run', join(temporary(), 'e')], 3, /brings no sounds.*--data DIR/u],
    [['prepare', '--config', 'model1', '--run', join(temporary(), 'f'), '--data', temporary()], 3, /./u],
  ] as const)('%s ends with exit %i', async (args, exit, message) => {
    const { code, stderr, stdout } = await runProgram(...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(exit)
    expect(stdout).toBe('')
  })

  it('--fresh does not touch a folder that holds no run', async () => {
    const folder = temporary()
    writeFileSync(join(folder, 'thesis.txt'), 'the only copy')
    const { code, stderr } = await runProgram('prepare', '--config', 'smoke', '--run', folder, '--fresh')
    expect(code).toBe(2)
    expect(stderr).toMatch(/holds no run of this program .*left alone/u)
  })

  it('configs lists what --config takes, as JSON too', async () => {
    const [text, json] = await Promise.all([runProgram('configs'), runProgram('configs', '--json')])
    expect([text.code, json.code]).toEqual([0, 0])
    const list = JSON.parse(json.stdout) as { name: string; about: string; models: string[]; predictions: number; paper: object | null }[]
    expect(list.find(({ name }) => name === 'table2-row10')).toMatchObject({
      models: ['1', '2', '3', '4_0', '4', '5', '6'],
      predictions: 170,
      presets: ['default', 'paper', 'referenceCode'],
      paper: { table: 2, row: 10, score: 0.896 },
    })
    expect(list.find(({ name }) => name === 'demo')!.paper).toBeNull()
    for (const { name, about } of list) expect(text.stdout).toMatch(new RegExp(`^${name} .*${about.slice(0, 10)}`, 'mu'))
  })

  it('a row of the tables runs on a toy scale, and its folder says so', async () => {
    const folder = temporary()
    const data = smallDataset(join(folder, 'data'), { curated: 8, noisy: 8, test: 3 })
    const run = join(folder, 'run')
    const args = ['run', '--config', 'table1-row1', '--scale', 'toy', '--data', data, '--run', run, '--workers', '0'] as const
    const { code, stderr } = await runProgram(...args)
    expect(stderr).toMatch(/✓ ensemble: 2 predictions/u)
    expect(code).toBe(0)
    const config = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as { scale: string }
    expect(config.scale).toBe('width=0.0625,slice=0.125,epochs=1,folds=2,batch=4')
    const other = await runProgram('train', ...args.slice(1, 3), '--scale', 'batch=2', '--run', run)
    expect(other.code).toBe(2)
    expect(other.stderr).toMatch(/made with other settings/u)
  }, 60_000)

  it('doctor measures what is here, each on its own, and says what the others need, as JSON too', async () => {
    const { code, stdout } = await runProgram('doctor', '--json')
    expect(code).toBe(0)
    const { auto, backends } = JSON.parse(stdout) as { auto: string; backends: DoctorBackend[] }
    expect(backends.map(({ name }) => name)).toEqual(['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
    expect(auto).toBe(backends.find(({ available, passedOver }) => available && passedOver === undefined)!.name)
    expect(backends.filter(({ available }) => available).map(({ name }) => name)).toEqual(expect.arrayContaining(['wasm', 'cpu']))
    for (const { available, reason, needs, clipsPerSecond } of backends) {
      expect(reason).not.toBe('')
      expect(needs.length > 0).toBe(!available)
      for (const command of needs) expect(command).toMatch(/^(npm install|npx audiotag-tensorflow|python3 -m venv) /u)
      if (available) expect(Math.min(clipsPerSecond!.trained, clipsPerSecond!.predicted)).toBeGreaterThan(0)
      else expect(clipsPerSecond).toBeUndefined()
    }
    const speed = (name: string) => backends.find((each) => each.name === name)!.clipsPerSecond!.trained
    expect(speed('wasm')).toBeGreaterThan(speed('cpu'))
  }, 120_000)

  it('doctor --no-measure prints a line for each backend and starts none', async () => {
    const { code, stdout } = await runProgram('doctor', '--no-measure')
    expect(code).toBe(0)
    for (const name of ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
      expect(stdout).toMatch(new RegExp(`^${name} +(here, not measured|not here: .*It needs:$)`, 'mu'))
    expect(stdout).not.toContain('clips/s')
    expect(stdout).toMatch(/^--backend auto takes /mu)
  }, 30_000)

  it('a backend that is not here is named before anything is written, with what it needs', async () => {
    const { backends } = JSON.parse((await runProgram('doctor', '--no-measure', '--json')).stdout) as { backends: DoctorBackend[] }
    for (const { name } of backends.filter(({ available }) => !available)) {
      const run = join(temporary(), 'none')
      const { code, stderr } = await runProgram('run', '--config', 'smoke', '--run', run, '--backend', name)
      expect(code).toBe(3)
      expect(stderr).toContain(`--backend ${name} cannot be used here`)
      expect(existsSync(run)).toBe(false)
    }
  }, 60_000)
})
