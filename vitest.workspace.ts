import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Two cores would get one worker, and most tests wait for programs of one thread.
    maxWorkers: '100%',
    projects: ['{packages,examples}/!(*.json)'],
    coverage: { include: ['packages/*/dist/**/*.js'] },
  },
})
