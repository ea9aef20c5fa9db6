import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProgram } from './run-program.js'

const commands = [
  'run',
  'prepare',
  'train',
  'pseudo-label',
  'predict',
  'ensemble',
  'evaluate',
  'report',
  'doctor',
  'import-torch',
  'export-torch',
]
const temporary = () => mkdtempSync(join(tmpdir(), 'dcase2019-'))

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

  it('doctor says what would be taken and why, as JSON too', async () => {
    const { code, stdout } = await runProgram('doctor', '--json')
    expect(code).toBe(0)
    const facts = JSON.parse(stdout) as {
      backend: { name: string; reason: string }
      otherBackends: { name: string; reason: string }[]
      clipsPerSecond: number
    }
    expect(facts.backend.name).toBe('wasm')
    expect(facts.backend.reason).not.toBe('')
    expect(facts.otherBackends.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'node-gpu', 'webgpu']))
    expect(facts.clipsPerSecond).toBeGreaterThan(0)
  })
})
