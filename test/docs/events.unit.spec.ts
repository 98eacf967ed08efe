import path from 'node:path'
import { expect, it } from 'vitest'
import { readInterface, root } from './interface-docs.js'
import { cell } from './markdown.js'

interface EventsOfService {
  readonly title: string
  readonly channel: string
  readonly file: string
  /** The interface that maps events to their data. */
  readonly name: string
  /** An interface of the same file that the data of several events has in common. */
  readonly shared?: string
}

const services: readonly EventsOfService[] = [
  { title: 'Outbox', channel: 'outbox', file: 'packages/core/src/outbox/outbox.ts', name: 'OutboxEvents' },
  { title: 'Relay', channel: 'relay', file: 'packages/core/src/relay/relay-events.ts', name: 'RelayEvents' },
  {
    title: 'Monitor',
    channel: 'monitor',
    file: 'packages/core/src/monitor/monitor-events.ts',
    name: 'MonitorEvents',
  },
  {
    title: 'Inbox',
    channel: 'inbox',
    file: 'packages/core/src/inbox/inbox-events.ts',
    name: 'InboxEvents',
    shared: 'MessagePlace',
  },
  {
    title: 'Inbox run',
    channel: 'inbox-run',
    file: 'packages/kafkajs/src/run-inbox/run-inbox-events.ts',
    name: 'InboxRunEvents',
    shared: 'PartitionPlace',
  },
  {
    title: 'Idempotency',
    channel: 'idempotency',
    file: 'packages/core/src/idempotency/idempotency-events.ts',
    name: 'IdempotencyEvents',
    shared: 'OperationPlace',
  },
]

const introduction = `<!-- Written by test/docs/events.unit.spec.ts from the sources: npx vitest run --project unit test/docs -u -->

# Events

Every service tells what it does by typed events: \`service.on('event', listener)\` returns a function that unsubscribes.
Listeners are called synchronously; what one throws becomes a process warning and changes nothing. Each event is also
published on the \`node:diagnostics_channel\` that stands behind its service, for instrumentation that does not hold the
object.

The third column says before or after which commit an event comes. Any event may be lost: a process that dies tells nothing more,
and a listener hears nothing of the time before it was added. What an event tells of is never lost with it, and it never
comes twice for one thing, unless its row says so. Count what must be right in the database or in Kafka, not in events.
\`test/relay/events.int.spec.ts\` holds a relay around those commits and asks the servers.

The states of a shard are explained in [architecture.md](architecture.md#states-of-a-shard).
`

function renderService({ title, channel, file, name, shared }: EventsOfService): string {
  const { text, properties } = readInterface(file, name)
  const rows = properties.map(
    (event) => `| \`${event.name}\` | ${event.text} | ${event.commit ?? ''} | \`${cell(event.type)}\` |`,
  )
  const head = [`## ${title}`, '', text, '', `Channels: \`pigeonhole:${channel}:<event>\`.`]
  const shape = shared === undefined ? [] : ['', renderShape(file, shared)]
  return [...head, '', '| event | when | commit | data |', '|---|---|---|---|', ...rows, ...shape, ''].join(
    '\n',
  )
}

function renderShape(file: string, name: string): string {
  const fields = readInterface(file, name).properties.map((field) => `${field.name}: ${field.type}`)
  return `\`${name}\` is \`{ ${fields.join('; ')} }\`.`
}

it('every event says when it fires', () => {
  const silent = services.flatMap(({ file, name }) =>
    readInterface(file, name).properties.filter(({ text }) => text === ''),
  )
  expect(silent).toEqual([])
})

it('docs/events.md is what the sources say', async () => {
  const page = [introduction, ...services.map(renderService)].join('\n')
  await expect(page).toMatchFileSnapshot(path.join(root, 'docs/events.md'))
})
