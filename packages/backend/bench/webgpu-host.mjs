// node bench/webgpu-host.mjs: what a training step on webgpu costs the host, on Dawn's null device, which computes nothing.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../test/fixtures/null-gpu.mjs', import.meta.url))
for (const [net, optimizer] of [
  ['resnet34', 'adam'],
  ['envnet2', 'sgd'],
]) {
  const { counts, milliseconds } = JSON.parse(execFileSync(process.execPath, [script, net, optimizer, '120'], { encoding: 'utf8' }))
  // The first half compiles, by the device and by the engine.
  const warm = milliseconds.slice(60).toSorted((a, b) => a - b)
  console.log(
    `${net}, ${optimizer}: ${counts.at(-1)} dispatches, ${warm[30].toFixed(1)} ms of processor time (least ${warm[0].toFixed(1)})`,
  )
}
