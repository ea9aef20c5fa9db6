import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes `gpu.json` and `gpu.md`, whole or not at all; called after every part, so that an end by force loses one part at most. */
export function writeResults(folder, results) {
  for (const [name, text] of [
    ['gpu.json', `${JSON.stringify(results, null, 2)}\n`],
    ['gpu.md', markdown(results)],
  ]) {
    writeFileSync(join(folder, `${name}.part`), text)
    renameSync(join(folder, `${name}.part`), join(folder, name))
  }
}

/** For people. */
export function markdown({ machine, setup, backends, suites, steps, complete, seconds }) {
  const title = `${machine.nvidia[0] ?? `no NVIDIA GPU, ${machine.cpu}`}, Node ${machine.node}`
  return [
    `# ${title}`,
    '',
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}. ${complete ? `Complete, ${seconds.toFixed(0)} s.` : 'Not complete: stopped, or still running.'}`,
    '',
    ...table(
      ['set-up', 'result'],
      setup.map(({ what, ok, said }) => [what, `${ok ? 'done' : 'not done'}: ${said}`]),
    ),
    ...table(
      ['backend', 'here', 'says'],
      backends.map(({ name, available, reason }) => [name, available ? 'yes' : 'no', reason]),
    ),
    ...table(
      ['suite', 'backend', 'result', 's'],
      suites.map((suite) => [suite.suite, suite.backend, suite.result, suite.seconds.toFixed(0)]),
    ),
    ...table(
      ['net', 'batch', 'task', 'precision', 'engine', 'ms (fastest)', 'PyTorch ms', 'PyTorch / ours', 'MHz'],
      steps.map((step) => [
        `${step.net} × ${step.width}`,
        `${step.input.join(' × ')}`,
        step.task,
        step.precision,
        step.engine,
        step.ms === undefined ? `not measured: ${step.error}` : `${step.ms.toFixed(1)} (${step.fastestMs.toFixed(1)})`,
        step.pytorchMs?.toFixed(1) ?? (step.pytorchError === undefined ? '–' : `not measured: ${step.pytorchError}`),
        step.ratio?.toFixed(2) ?? '–',
        step.clockMHz ?? '–',
      ]),
    ),
  ].join('\n')
}

function table(head, rows) {
  if (rows.length === 0) return []
  const cells = [head, ...rows].map((row) => row.map((cell) => String(cell).replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(cells[0]), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...cells.slice(1).map(line), '']
}
