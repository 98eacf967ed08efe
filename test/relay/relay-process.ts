import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRelay, type RelayEvents } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { observeRelayPublisher, observeRelayStore } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type {
  RelayProcessCommand,
  RelayProcessMessage,
  RelayProcessOptions,
} from './relay-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions

// Synchronous, so that what is told is told before the process kills itself.
function tell(message: RelayProcessMessage): void {
  writeSync(1, `${JSON.stringify(message)}\n`)
}

let occurrences = 0
function reach(point: string): void {
  const { fault } = options
  if (point !== fault?.point || ++occurrences !== fault.occurrence) return
  tell({ type: 'reached', point })
  process.kill(process.pid, fault.signal)
}

const pool = new pg.Pool({ connectionString: options.databaseUrl, max: 20 })
const kafka = new Kafka({ clientId: options.name, brokers: [...options.brokers], logLevel: logLevel.NOTHING })
const relay = createRelay({
  name: options.name,
  store: observeRelayStore(postgresStore(pool), reach),
  publisher: observeRelayPublisher(kafkajsPublisher(kafka), reach),
  leaseMs: options.leaseMs,
  renewMs: options.renewMs,
  batchRows: options.batchRows,
  ...(options.shards === undefined ? {} : { shards: options.shards }),
})

const events: readonly (keyof RelayEvents)[] = [
  'map:read',
  'shard:changed',
  'lease:taken',
  'lease:lost',
  'shard:opened',
  'batch:published',
  'messages:deleted',
  'shard:reopening',
]
for (const name of events) {
  relay.on(name, (data) => {
    const error = 'error' in data ? describe(data.error) : undefined
    tell({ type: 'event', name, data: { ...data, ...(error ? { error } : {}) } as { error?: string } })
  })
}

function describe(error: unknown): string {
  return error instanceof Error ? `${(error as { code?: string }).code ?? error.name}: ${error.message}` : ''
}

async function stop(): Promise<void> {
  await relay.stop()
  await pool.end()
  process.exit(0)
}

createInterface({ input: process.stdin })
  .on('line', async (command: RelayProcessCommand | string) => {
    if (command === 'stop') await stop()
    if (command === 'drain') {
      await relay.drain()
      tell({ type: 'drained' })
    }
  })
  // The test that started this process is gone.
  .on('close', () => process.kill(process.pid, 'SIGKILL'))

await relay.start()
