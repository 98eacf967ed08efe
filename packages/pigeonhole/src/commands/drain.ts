import { type OutboxStatus, type ShardStatus, whenDrained } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type { CommandContext } from '../command/context.js'
import { countOf } from '../command/count-of.js'
import { readMilliseconds } from '../command/read-milliseconds.js'
import { withPool } from '../command/with-pool.js'
import { pendingMessages, withProgress } from '../command/with-progress.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'

/** `pigeonhole drain`: waits until all that was committed before is confirmed by Kafka. Workers send it. */
export async function drain({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf({ flags, environment, file }))
  const timeoutMs = readMilliseconds('timeout-ms', flags['timeoutMs'])
  const config = { connectionString: databaseUrl, max: 2, application_name: 'pigeonhole drain' }
  await withPool(config, async (pool) => {
    const store = postgresStore(pool, { schema })
    // Asked before anything else: what is wrong with the database is told at once.
    await store.readStatus()
    const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
    await withProgress({ store, warn: terminal.warn, describe }, () =>
      whenDrained({ store, ...(signal && { signal }) }),
    )
    const { parking } = await store.readStatus()
    terminal.print(flags['json'] === true ? toJson(parking.messages) : outcome(parking.messages))
  })
}

function describe(status: OutboxStatus): string {
  const { shards } = status
  const left = shards.filter(({ buckets, holder }: ShardStatus) => buckets !== null && holder === null)
  const waiting = `waiting: ${pendingMessages(status)}`
  if (shards.length === 0) return `${waiting}, and no relay has opened this outbox yet`
  if (left.length === 0) return waiting
  return `${waiting}, and no worker holds shard ${left.map(({ shard }) => shard).join(', ')}`
}

function outcome(parked: number): string {
  const aside =
    parked === 0
      ? ''
      : ` Parked, and not waited for: ${countOf(parked, 'message')}. See pigeonhole parked list.`
  return `All that was committed before is in Kafka.${aside}\n`
}

function toJson(parked: number): string {
  return `${JSON.stringify({ drained: true, parked }, null, 2)}\n`
}
