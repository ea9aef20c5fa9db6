import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { configNames, loadConfig } from '../config/load-config.js'
import { parseScale, scaleConfig } from '../config/scale-config.js'
import type { Scale } from '../config/scale-config.js'
import { presetNames } from '../config/schema.js'
import type { PresetName } from '../config/schema.js'
import { planText } from '../report/plan-text.js'
import { backendChoices } from '../run/start-backend.js'
import { openRun, provenance } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { stopSignal } from '../run/stop-signal.js'
import { ablate } from '../stages/ablate.js'
import { configTable, listConfigs } from '../stages/list-configs.js'
import { doctor } from '../stages/doctor.js'
import { ensembleStage } from '../stages/ensemble.js'
import { evaluateStage, scoreTable } from '../stages/evaluate.js'
import { exportTorch } from '../stages/export-torch.js'
import { checkBackend, defaultJobs } from '../stages/job-backend.js'
import { importSummary, importTorch } from '../stages/import-torch.js'
import type { ImportFlags } from '../stages/import-torch.js'
import { planOf } from '../stages/plan.js'
import { predictStage } from '../stages/predict.js'
import { prepareStage } from '../stages/prepare.js'
import { pseudoLabelStage } from '../stages/pseudo-label.js'
import { reportStage } from '../stages/report.js'
import { runAll } from '../stages/run.js'
import type { StageOptions } from '../stages/stage-options.js'
import { trainStage } from '../stages/train.js'
import { colors } from './colors.js'
import { exitCodeOf, exitCodes, UsageError } from './errors.js'
import { createReporter } from './reporter.js'

interface CommonFlags {
  readonly run: string
  readonly config?: string
  readonly preset?: PresetName
  readonly scale?: Scale
  readonly data?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly backend: string
  readonly threads?: number
  readonly jobs?: number
  readonly workers: number
  readonly skipBad?: boolean
  readonly fresh?: boolean
  readonly model?: string
  readonly fold?: number
  readonly cycle?: number
  readonly resume?: boolean
  readonly out?: string
}

const integerFrom = (minimum: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < minimum) throw new InvalidArgumentError(`must be an integer of at least ${minimum}.`)
  return value
}

const flags = {
  run: () => new Option('--run <DIR>', 'folder of the experiment (default: runs/<config>)'),
  config: () => new Option('--config <NAME>', 'a config by name (see configs/) or path; absent: the one the run folder holds'),
  preset: () => new Option('--preset <NAME>', "override the config's preset").choices(presetNames),
  scale: () =>
    new Option(
      '--scale <SCALE>',
      "make the config smaller: 'toy' or any of width=,slice=,epochs=,folds=,batch=, comma-separated",
    ).argParser(parseScale),
  data: () => new Option('--data <DIR>', "folder of the data set (Kaggle, Zenodo or MiniFSD layout); absent: the config's"),
  backend: () =>
    new Option(
      '--backend <NAME>',
      "TensorFlow.js backend; 'dcase2019 doctor' says which are here, and how fast; bfloat16: convolutions of 8 bits, for processors with AMX; float16: of 11, for devices with half floats",
    )
      .choices(backendChoices)
      .default('auto'),
  threads: () =>
    new Option('--threads <N>', 'threads of the backend in each process; wasm takes at most 8 (default: cores / jobs)').argParser(
      integerFrom(1),
    ),
  jobs: () =>
    new Option('--jobs <N>', 'training processes side by side (default: cores, at most 8; 1 where the backend is a GPU)').argParser(
      integerFrom(1),
    ),
  workers: () => new Option('--workers <N>', 'threads that decode and augment; changes no bit (default: cores)').argParser(integerFrom(0)),
  skipBad: () => new Option('--skip-bad', 'leave bad clips and rows out and list them at the end, instead of stopping'),
  fresh: () => new Option('--fresh', 'throw away what the run folder holds and start over'),
  model: () => new Option('--model <NAME>', 'only this model of the config; absent: all of them, in order'),
  fold: () => new Option('--fold <N>', 'only this fold, in this process').argParser(integerFrom(0)),
  cycle: () => new Option('--cycle <N>', 'the snapshot at the end of this cycle, from 1').argParser(integerFrom(1)),
  resume: () => new Option('--resume', 'start from imported weights, or go on from a checkpoint; an error where there is neither'),
  out: () => new Option('--out <FILE>', 'file to write (default: export/ in the run folder)'),
  json: () => new Option('--json', 'machine-readable output on stdout'),
  quiet: () => new Option('--quiet', 'no progress'),
}
type FlagName = keyof typeof flags

const compute: FlagName[] = ['backend', 'threads', 'jobs', 'workers']
const always: FlagName[] = ['run', 'config', 'preset', 'scale', 'data', 'json', 'quiet']

/**
 * Runs the program and returns its exit status: 0 done, 1 failed, 2 bad usage or config, 3 something needed is missing, 130/143 interrupted after a checkpoint.
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = createProgram()
  try {
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? exitCodes.done)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    process.stderr.write(`${colors.red('error:')} ${(error as Error).message}\n`)
    if (process.env['DEBUG']) process.stderr.write(`${(error as Error).stack}\n`)
    return exitCodeOf(error)
  }
}

function createProgram(): Command {
  const program = new Command('dcase2019')
    .description('Audio tagging with noisy labels: the DCASE 2019 Task 2 system of Akiyama & Sato, end to end.')
    .version(provenance().version)
    .exitOverride()
    .showHelpAfterError('(dcase2019 COMMAND --help shows what it takes)')
    .addHelpText(
      'before',
      examples(
        'dcase2019 run --config demo                  the whole chain on the sounds that come along, in minutes',
        'dcase2019 run --config model1 --data DIR       the paper’s model #1 on FSDKaggle2019',
        'dcase2019 doctor                               what this machine has',
      ),
    )

  const command = (
    name: string,
    about: string,
    names: readonly FlagName[],
    shown: readonly string[],
    action: (stage: Stage) => Promise<unknown>,
  ) => {
    const child = program.command(name).description(about).exitOverride().showHelpAfterError('(--help shows what it takes)')
    child.addHelpText('before', examples(...shown))
    for (const flag of [...always, ...names]) child.addOption(flags[flag]())
    child.action(async (parsed: CommonFlags) => {
      const stage = openStage(parsed, names.includes('backend') ? await checkBackend(parsed.backend) : undefined)
      const result = await action(stage)
      if (parsed.json && result !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`)
    })
  }

  command(
    'run',
    'Everything: prepare, train every model, pseudo labels, predictions, ensemble, scores, report. Goes on where it was stopped.',
    [...compute, 'skipBad', 'fresh'],
    [
      'dcase2019 run --config demo',
      'dcase2019 run --config demo --fresh             start over',
      'dcase2019 run --config submission1 --data DIR   the paper at full scale',
    ],
    async (stage) => {
      const result = await runAll(stage.run, stage.options)
      if (!stage.flags.json)
        process.stdout.write(
          `\n${[scoreTable(result.evaluation), ...leftOutList(result.leftOut), result.files.map(([what, path]) => `${what.padEnd(12)} ${path}`).join('\n')].join('\n\n')}\n`,
        )
      return { type: 'result', ...result }
    },
  )
  command(
    'prepare',
    'Reads the data set and writes log-mel spectrograms and waveforms to the run folder.',
    ['workers', 'skipBad', 'fresh'],
    ['dcase2019 prepare --config demo', 'dcase2019 prepare --config model1 --data ~/FSDKaggle2019 --skip-bad'],
    (stage) => prepareStage(stage.run, stage.options),
  )
  command(
    'train',
    'Trains the models of a config on every fold, or one model on one fold.',
    [...compute, 'model', 'fold', 'resume'],
    [
      'dcase2019 train --run runs/demo --model A             every fold, in processes side by side',
      'dcase2019 train --run runs/demo --model A --fold 0    one fold, in this process',
      'dcase2019 train --run runs/imported --resume          from weights that import-torch brought',
    ],
    (stage) => trainStage(stage.run, stage.options, stage.flags.model, stage.flags.fold, stage.flags.resume),
  )
  command(
    'pseudo-label',
    'Makes the soft pseudo labels of the noisy clips that a model with an SSL stream learns from.',
    ['model'],
    ['dcase2019 pseudo-label --run runs/demo --model B'],
    (stage) => pseudoLabelStage(stage.run, stage.options, stage.flags.model),
  )
  command(
    'predict',
    'Predicts held-out, test and (for labelling) noisy clips at full length, with every snapshot and padding.',
    [...compute, 'model', 'fold'],
    ['dcase2019 predict --run runs/demo --model A', 'dcase2019 predict --run runs/demo --model A --fold 1'],
    (stage) => predictStage(stage.run, stage.options, stage.flags.model, stage.flags.fold),
  )
  command(
    'ensemble',
    'Chooses weights, cycles and paddings on held-out clips, averages, and writes submission.csv.',
    [],
    ['dcase2019 ensemble --run runs/demo'],
    (stage) => ensembleStage(stage.run, stage.options),
  )
  command(
    'evaluate',
    'lwlrap of each model and of the ensemble: overall, per class, with bootstrap intervals.',
    [],
    ['dcase2019 evaluate --run runs/demo', 'dcase2019 evaluate --run runs/demo --json'],
    async (stage) => {
      const evaluation = await evaluateStage(stage.run, stage.options)
      if (!stage.flags.json) process.stdout.write(`${scoreTable(evaluation)}\n`)
      return evaluation
    },
  )
  command('report', 'Writes report.html.', [], ['dcase2019 report --run runs/demo'], async (stage) => {
    const path = await reportStage(stage.run, stage.options)
    if (!stage.flags.json) process.stdout.write(`${path}\n`)
    return { report: path }
  })
  command(
    'export-torch',
    'Writes the weights of a snapshot as safetensors with PyTorch’s names and layouts, for load_state_dict.',
    ['model', 'fold', 'cycle', 'out'],
    [
      'dcase2019 export-torch --run runs/demo --model A --fold 0',
      'dcase2019 export-torch --run runs/demo --model A --fold 0 --cycle 1 --out a.safetensors',
    ],
    async (stage) => {
      const result = exportTorch(stage.run, stage.flags)
      if (!stage.flags.json) process.stdout.write(`${result.file}\n`)
      return result
    },
  )
  program
    .command('import-torch')
    .description('Puts weights of PyTorch (.pth, .pt, .safetensors) into a run folder, for predict and train --resume.')
    .argument('<FILE>', 'state_dict or checkpoint of a ResNet-18, ResNet-34, SE-ResNeXt-50 or EnvNet-v2, the authors’ names included')
    .exitOverride()
    .showHelpAfterError('(--help shows what it takes)')
    .addHelpText(
      'before',
      examples(
        'dcase2019 import-torch best.pth --data ~/FSDKaggle2019                                       a run of its own, in runs/imported',
        'dcase2019 import-torch fold0.pth --config model1 --data DIR --model 1 --fold 0 --cycle 8     one snapshot of a whole config',
      ),
    )
    .option(
      '--run <DIR>',
      'folder of the experiment; without a config, one is made from the file (default: runs/<config>, or runs/imported)',
    )
    .addOption(flags.config())
    .addOption(flags.preset())
    .addOption(flags.data())
    .option('--model <NAME>', 'the model of the config to take the weights (default: its only one)')
    .option('--fold <N>', 'the fold to take them, whose clips they must not have been trained on (default: the only one)', integerFrom(0))
    .addOption(flags.cycle())
    .addOption(new Option('--activation <NAME>', 'what the network ends in, where no config says it').choices(['sigmoid', 'softmax']))
    .option('--root <PATH>', 'where the state_dict lies in a checkpoint that holds several, e.g. ema/model')
    .addOption(flags.json())
    .addOption(flags.quiet())
    .action(async (file: string, parsed: CommonFlags & ImportFlags) => {
      const config = parsed.config === undefined ? null : loadConfig(parsed.config, parsed.preset)
      const result = await importTorch(file, { ...parsed, run: parsed.run ?? `runs/${config?.name ?? 'imported'}` }, config)
      process.stdout.write(parsed.json ? `${JSON.stringify(result)}\n` : `${importSummary(result)}\n`)
    })
  program
    .command('ablate')
    .description(
      'Trains what each part of the method is worth, over seeds: a table and a figure with paired intervals. Goes on where it was stopped.',
    )
    .argument('<DATA>', 'folder or .tar file of MiniFSD-16, or of another data set with labelled test clips')
    .exitOverride()
    .showHelpAfterError('(--help shows what it takes)')
    .addHelpText(
      'before',
      examples(
        'dcase2019 ablate minifsd-16.tar                               everything: hours on two cores',
        'dcase2019 ablate minifsd-16.tar --only-seeds 2 --only-rows multitask   a part of it; whoever ends last scores all',
      ),
    )
    .option('--run <DIR>', 'folder of the ablation', 'runs/ablation')
    .option('--seeds <LIST>', 'seeds of the table, comma-separated', listOf(integerFrom(0)), [1, 2, 3])
    .option('--only-seeds <LIST>', 'train only these now (default: all)', listOf(integerFrom(0)), [])
    .option('--only-rows <LIST>', 'train only what these rows need now (default: all)', listOf(String), [])
    .addOption(flags.backend())
    .addOption(flags.threads())
    .addOption(flags.jobs())
    .addOption(flags.workers())
    .addOption(flags.json())
    .addOption(flags.quiet())
    .action(async (data: string, parsed: AblateFlags) => {
      const backend = await checkBackend(parsed.backend)
      const { run: folder, seeds, onlySeeds, onlyRows } = parsed
      const result = await ablate({ data, folder, seeds, onlySeeds, onlyRows }, optionsOf(parsed, backend))
      if (parsed.json) process.stdout.write(`${JSON.stringify({ type: 'result', ...result })}\n`)
      else if (result.files === null)
        process.stdout.write(`${result.missing} trainings of other rows or seeds are missing: nothing is scored before all are there.\n`)
      else process.stdout.write(`${readFileSync(result.files.report, 'utf8')}\n${Object.values(result.files).join('\n')}\n`)
    })
  program
    .command('configs')
    .description('Lists every config: the demo, the paper’s models and submissions, and the rows of its tables.')
    .exitOverride()
    .addHelpText('before', examples('dcase2019 configs', 'dcase2019 configs --json'))
    .addOption(flags.json())
    .action((parsed: { json?: boolean }) => {
      const list = listConfigs()
      process.stdout.write(parsed.json === true ? `${JSON.stringify(list)}\n` : `${configTable(list)}\n`)
    })
  program
    .command('plan')
    .description('Says what a config costs before anything runs: updates, operations, predictions, disk, memory, and time on this machine.')
    .argument('<CONFIG>', 'a config by name (see configs/) or path')
    .exitOverride()
    .showHelpAfterError('(--help shows what it takes)')
    .addHelpText(
      'before',
      examples(
        'dcase2019 plan submission1                 the paper at full scale, on FSDKaggle2019’s known size',
        'dcase2019 plan ./mine.json --data DIR      a config of your own on a data set that is here',
      ),
    )
    .addOption(flags.preset())
    .addOption(flags.scale())
    .addOption(flags.data())
    .addOption(flags.jobs())
    .addOption(flags.threads())
    .option('--no-measure', 'no speeds and times: nothing is computed, it takes a second')
    .addOption(flags.json())
    .action(async (name: string, parsed: PlanFlags) => {
      const { preset, scale, data, measure } = parsed
      const { jobs, threads } = parallelism(parsed, await checkBackend('auto'))
      const loaded = loadConfig(name, preset)
      const plan = await planOf(scale ? scaleConfig(loaded, scale) : loaded, { data: data && resolve(data), jobs, threads, measure })
      process.stdout.write(`${parsed.json ? JSON.stringify(plan) : planText(plan)}\n`)
    })
  program
    .command('doctor')
    .description(
      'Says what this machine has, what each backend would need, and how fast those that are here train and predict, measured now.',
    )
    .exitOverride()
    .showHelpAfterError('(--help shows what it takes)')
    .addHelpText('before', examples('dcase2019 doctor', 'dcase2019 doctor --no-measure     a second, no speeds', 'dcase2019 doctor --json'))
    .option('--no-measure', 'no speeds: no backend is started')
    .addOption(flags.json())
    .action((parsed: { json?: boolean; measure: boolean }) => doctor({ json: parsed.json === true, measure: parsed.measure }))
  return program
}

interface PlanFlags extends CommonFlags {
  readonly measure: boolean
}

interface AblateFlags extends CommonFlags {
  readonly seeds: readonly number[]
  readonly onlySeeds: readonly number[]
  readonly onlyRows: readonly string[]
}

interface Stage {
  readonly run: RunFolder
  readonly options: StageOptions
  readonly flags: CommonFlags
}

/** @param backend that jobs will try first, where there are jobs */
function openStage(parsed: CommonFlags, backend?: string): Stage {
  const { scale } = parsed
  if (parsed.config === undefined && scale)
    throw new UsageError('--scale goes with --config: a run folder keeps the scale it was made with')
  const loaded = parsed.config === undefined ? null : loadConfig(parsed.config, parsed.preset)
  const config = loaded && scale ? scaleConfig(loaded, scale) : loaded
  const folder = parsed.run ?? (config === null ? undefined : `runs/${config.name}`)
  if (folder === undefined) throw new CommanderError(exitCodes.usage, 'dcase2019.run', missingRun())
  return {
    run: openRun(folder, config, { fresh: parsed.fresh === true, ...(parsed.data === undefined ? {} : { data: resolve(parsed.data) }) }),
    flags: parsed,
    options: optionsOf(parsed, backend),
  }
}

/** Processes side by side, and threads of each. */
function parallelism(parsed: CommonFlags, backend?: string): { jobs: number; threads: number } {
  const jobs = parsed.jobs ?? (backend === undefined ? 1 : defaultJobs(backend))
  return { jobs, threads: parsed.threads ?? Math.max(1, Math.floor(availableParallelism() / jobs)) }
}

function optionsOf(parsed: CommonFlags, backend?: string): StageOptions {
  return {
    report: createReporter({ json: parsed.json === true, quiet: parsed.quiet === true }),
    signal: stopSignal(),
    backend: parsed.backend ?? 'auto',
    ...parallelism(parsed, backend),
    workers: parsed.workers ?? availableParallelism(),
    skipBad: parsed.skipBad === true,
  }
}

const listOf =
  <T>(read: (text: string) => T) =>
  (text: string): T[] =>
    text
      .split(',')
      .filter((item) => item !== '')
      .map(read)

function missingRun(): string {
  const message = `say which experiment: --config NAME (${configNames().join(', ')}) or --run DIR`
  process.stderr.write(`${colors.red('error:')} ${message}\n`)
  return message
}

const leftOutList = (messages: readonly string[]) =>
  messages.length === 0 ? [] : [`Left out, as --skip-bad says:\n${messages.map((message) => `  ${message}`).join('\n')}`]

const examples = (...lines: string[]) => `Examples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
