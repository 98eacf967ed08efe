import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** Specs are sorted by their names: what they need, and how long they may take, shows in it. */
function project(name: string, include: readonly string[]): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [...include] } }
}

function projectWithServers(name: string, include: readonly string[]): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [...include], globalSetup: ['test/setup/servers.ts'] } }
}

export default defineConfig({
  test: {
    pool: 'forks',
    // Each worker shares the machine with PostgreSQL and Kafka.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    exclude: ['**/node_modules/**', '**/dist/**', '**/generated/**'],
    projects: [
      project('unit', [
        'packages/*/src/**/*.unit.spec.ts',
        'scripts/**/*.unit.spec.ts',
        'test/**/*.unit.spec.ts',
        'examples/**/*.unit.spec.ts',
        'bench/**/*.unit.spec.ts',
      ]),
      projectWithServers('int', ['packages/*/src/**/*.int.spec.ts', 'test/**/*.int.spec.ts']),
      projectWithServers('e2e', [
        'packages/*/src/**/*.e2e.spec.ts',
        'test/**/*.e2e.spec.ts',
        'examples/**/*.e2e.spec.ts',
      ]),
      projectWithServers('full', ['test/**/*.full.spec.ts', 'examples/**/*.full.spec.ts']),
    ],
  },
})
