import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

type ProjectOptions = NonNullable<TestProjectInlineConfiguration['test']>

/** Specs are sorted by their names: what they need, and how long they may take, shows in it. */
function project(
  name: string,
  include: readonly string[],
  options: ProjectOptions = {},
): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [...include], ...options } }
}

const ownServers = { globalSetup: ['test/setup/programs.ts'] }
const withServers = { globalSetup: ['test/setup/servers.ts', ...ownServers.globalSetup] }

// On a busy machine each process that a spec starts may take ten seconds to begin, and each wait up to its own limit.
const severalWaits = { testTimeout: 180_000, hookTimeout: 180_000 }

// Two at once. Together, behind the others.
const oneEachCore = { maxWorkers: 2, sequence: { groupOrder: 3 } }

export default defineConfig({
  test: {
    pool: 'forks',
    // What is built needs no transforming, which took most of the time in which specs were loaded.
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
    // For two cores that PostgreSQL and Kafka share: much of a spec is waiting.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // Vitest's own is a second, which says more of a busy machine than of what is waited for.
    expect: { poll: { timeout: 30_000 } },
    exclude: ['**/node_modules/**', '**/dist/**', '**/generated/**'],
    projects: [
      project(
        'unit',
        [
          'packages/*/src/**/*.unit.spec.ts',
          'scripts/**/*.unit.spec.ts',
          'test/**/*.unit.spec.ts',
          'examples/**/*.unit.spec.ts',
          'bench/**/*.unit.spec.ts',
        ],
        // They leave nothing behind: loading the modules anew for each took half of their time.
        { isolate: false },
      ),
      project('int', ['packages/*/src/**/*.int.spec.ts', 'test/**/*.int.spec.ts'], {
        ...withServers,
        ...severalWaits,
      }),
      project(
        'e2e',
        ['packages/*/src/**/*.e2e.spec.ts', 'test/**/*.e2e.spec.ts', 'examples/**/*.e2e.spec.ts'],
        { ...withServers, ...severalWaits },
      ),
      // Each of them breaks three brokers and a database for minutes. A third spec beside them, and brokers that were killed do not come
      // back in time.
      project('chaos', ['test/**/*.chaos.spec.ts'], {
        ...ownServers,
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
      }),
      // Its specs start clusters of their own, and wait for them most of the time.
      project(
        'full',
        ['packages/**/*.full.spec.ts', 'test/**/*.full.spec.ts', 'examples/**/*.full.spec.ts'],
        { ...withServers, sequence: { groupOrder: 2 } },
      ),
      // What tells of a server that is gone has so many seconds for it, which say nothing on a machine that is full of other work.
      project('trouble', ['test/**/*.trouble.spec.ts'], { ...withServers, ...oneEachCore }),
      // Each of their many cases kills a process at a point of its own. With more workers than cores they miss their short leases,
      // and do everything twice.
      project('matrix', ['test/**/*.matrix.spec.ts'], { ...withServers, ...oneEachCore }),
    ],
  },
})
