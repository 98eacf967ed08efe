import { createInterface } from 'node:readline'
import { createRelay, isPigeonholeError, type RelayEvents } from '@pigeonhole/core'
import { openPorts, tell } from './process-ports.js'
import type { RelayProcessCommand, RelayProcessOptions } from './relay-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions

const { pool, store, publisher } = openPorts(options)
const relay = createRelay({
  name: options.name,
  store,
  publisher,
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
  'partition:truncated',
  'record:parked',
  'messages:parked',
  'messages:released',
  'topic:paused',
  'topic:resumed',
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

// As an operator would: a question that PostgreSQL did not answer, behind a connection that a fault has silenced, is put again.
async function drain(): Promise<void> {
  for (;;) {
    try {
      await relay.drain()
      return tell({ type: 'drained' })
    } catch (error) {
      if (!isPigeonholeError(error) || !error.retryable) throw error
    }
  }
}

createInterface({ input: process.stdin })
  .on('line', async (command: RelayProcessCommand | string) => {
    if (command === 'stop') await stop()
    if (command === 'drain') await drain()
  })
  // The test that started this process is gone.
  .on('close', () => process.kill(process.pid, 'SIGKILL'))

await relay.start()
