import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['{packages,examples}/!(*.json)'],
    coverage: { include: ['packages/*/dist/**/*.js'] },
  },
})
