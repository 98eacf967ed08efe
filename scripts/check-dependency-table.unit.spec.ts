import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findViolations } from './check-dependency-table.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dependency-table-spec-'))
})

afterEach(() => rmSync(root, { recursive: true }))

function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
}

const core = { 'packages/core/package.json': '{ "dependencies": { "uuid": "1" } }' }

test('finds nothing in a tree that keeps the table', () => {
  write({
    ...core,
    'packages/core/src/index.ts': "import { v7 } from 'uuid'\nexport * from './outbox/outbox.js'\n",
    'packages/core/src/a.unit.spec.ts': "import '@pigeonhole/testing'\n",
    'packages/postgres/package.json': '{ "dependencies": { "@pigeonhole/core": "1", "pg": "1" } }',
    'packages/postgres/src/index.ts': "import pg from 'pg'\nimport type { Outbox } from '@pigeonhole/core'\n",
    'test/relay.e2e.spec.ts':
      "import { createRelay } from 'pigeonhole/kafkajs'\nimport './setup/servers.js'\n",
  })
  expect(findViolations(root)).toEqual([])
})

test.each([
  ['a client', "import pg from 'pg'", 'core may not know pg'],
  ['a type of a client', "export type { Client } from 'pg'", 'core may not know pg'],
  ['an import type', "export type C = import('kafkajs').Kafka", 'core may not know kafkajs'],
  ['a dynamic import', "await import('@prisma/client')", 'core may not know @prisma/client'],
  ['a subpath', "import 'kafkajs/src/index.js'", 'core may not know kafkajs'],
  ['one of ours', "import '@pigeonhole/postgres'", 'core may not know @pigeonhole/postgres'],
])('sees %s where the table forbids it', (_what, source, violation) => {
  write({ ...core, 'packages/core/src/deep/a.ts': source })
  expect(findViolations(root)).toEqual([`packages/core/src/deep/a.ts: ${violation}`])
})

test('sees a dependency that only the manifest has', () => {
  write({ 'packages/prisma/package.json': '{ "peerDependencies": { "@prisma/client": "7" } }' })
  expect(findViolations(root)).toEqual(['packages/prisma/package.json: prisma may not know @prisma/client'])
})

test('sees a package that the table does not know', () => {
  write({ 'packages/mysql/package.json': '{}' })
  expect(findViolations(root)).toEqual(['packages/mysql is not in the dependency table'])
})

test.each([
  ['packages/core/src/a.unit.spec.ts', '../../postgres/src/index.js'],
  ['test/a.e2e.spec.ts', '../packages/core/src/index.js'],
  ['examples/orders/src/a.ts', '@pigeonhole/core/dist/index.js'],
])('sees %s reach into another package', (file, name) => {
  write({ ...core, [file]: `import { x } from '${name}'` })
  expect(findViolations(root)).toEqual([
    `${file}: ${name} reaches into another package; import it by its name`,
  ])
})
