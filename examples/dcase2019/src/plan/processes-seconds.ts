/** How long processes take together, at most `jobs` at a time, each started as another ends: as `runJobs` does. */
export function processesSeconds(seconds: readonly number[], jobs: number): number {
  const lanes = Array.from({ length: Math.max(1, Math.min(jobs, seconds.length)) }, () => 0)
  for (const each of seconds) lanes[lanes.indexOf(Math.min(...lanes))] += each
  return Math.max(...lanes)
}
