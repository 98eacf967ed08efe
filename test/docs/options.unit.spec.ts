import { describe, expect, it } from 'vitest'
import { readInterface } from './interface-docs.js'
import { readRows, readTable } from './markdown.js'

const functions = [
  ['createOutbox', 'packages/core/src/outbox/outbox-options.ts', 'OutboxOptions'],
  ['createInbox', 'packages/core/src/inbox/inbox-options.ts', 'InboxOptions'],
  ['createIdempotency', 'packages/core/src/idempotency/idempotency-options.ts', 'IdempotencyOptions'],
  ['createRelay', 'packages/core/src/relay/relay-options.ts', 'RelayOptions'],
  ['adopt', 'packages/core/src/relay/adopt/adopt-options.ts', 'AdoptOptions'],
  ['createMonitor', 'packages/core/src/monitor/monitor-options.ts', 'MonitorOptions'],
  ['postgresStore', 'packages/postgres/src/pg/postgres-store.ts', 'PostgresStoreOptions'],
  ['prismaStore', 'packages/prisma/src/prisma-store.ts', 'PrismaStoreOptions'],
  ['kafkajsPublisher', 'packages/kafkajs/src/publisher/publisher-options.ts', 'KafkajsPublisherOptions'],
  ['runInbox', 'packages/kafkajs/src/run-inbox/run-inbox-options.ts', 'RunInboxOptions'],
  ['openTelemetryTracing', 'packages/opentelemetry/src/open-telemetry-tracing.ts', 'OpenTelemetryOptions'],
] as const

const plain = (text: string | undefined): string | undefined => text?.replaceAll('`', '')

describe.each(functions)('docs/configuration.md on %s', (name, file, options) => {
  const { properties } = readInterface(file, options)
  const rows = readTable('configuration.md', name)

  it('has a row for each option, in their order', () => {
    expect(rows.map(([option]) => plain(option))).toEqual(properties.map((property) => property.name))
  })

  it.each(properties.filter(({ fallback }) => fallback !== undefined))(
    'gives the default of $name',
    (property) => {
      const row = rows.find(([option]) => plain(option) === property.name)
      expect(plain(row?.[1])).toBe(plain(property.fallback))
    },
  )
})

it.each(['createRelay', 'createMonitor', 'kafkajsPublisher'])(
  'flags of the worker have the defaults of %s',
  (name) => {
    const defaults = readTable('configuration.md', name).map(([option, fallback]) => [
      plain(option),
      plain(fallback),
    ])
    const flags = readRows('configuration.md').filter(([flag]) => flag?.startsWith('`--'))
    const mapped = flags.filter(
      ([, , , meaning]) => meaning?.includes(`of ${name}`) || meaning?.includes(`of [${name}]`),
    )
    expect(mapped.length).toBeGreaterThan(1)
    for (const [, , shown, meaning] of mapped) {
      const option = meaning?.match(/^`(\w+)`/)?.[1]
      const fallback = defaults.find(([documented]) => documented === option)?.[1]
      expect([option, plain(shown)]).toEqual([option, fallback?.split(',')[0]])
    }
  },
)
