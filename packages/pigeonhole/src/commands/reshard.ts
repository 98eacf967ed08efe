import { type OutboxStatus, type ReshardOutcome, reshard } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { CommandContext } from '../command/context.js'
import { countOf } from '../command/count-of.js'
import { withPool } from '../command/with-pool.js'
import { pendingMessages, withProgress } from '../command/with-progress.js'
import { given } from '../configuration/given.js'
import { reshardSettings } from '../configuration/reshard-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import type { Values } from '../configuration/setting.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { createKafka } from '../worker/kafka-client.js'
import { createLogger } from '../worker/logger.js'

/** `pigeonhole reshard`: divides an outbox among another number of shards, while its workers run. */
export async function reshardOutbox({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const values = resolveSettings(reshardSettings, sourcesOf({ flags, environment, file }))
  const outcome = await run(values, terminal.warn)
  terminal.print(flags['json'] === true ? `${JSON.stringify(outcome)}\n` : describe(outcome))
}

async function run(
  values: Values<typeof reshardSettings>,
  warn: (text: string) => void,
): Promise<ReshardOutcome> {
  const { name, schema, shards, databaseUrl: connectionString } = values
  // Shards are closed at the same time, each with a connection of its own and one that renews its lease.
  const config = { connectionString, max: 20, application_name: `pigeonhole reshard ${name}` }
  const publisher = kafkajsPublisher(
    createKafka(values, { name, logger: createLogger('error') }),
    given(values, ['transactionTimeoutMs', 'maxRequestBytes', 'checkpointReplicationFactor']),
  )
  return withPool(config, async (pool) => {
    const store = postgresStore(pool, { schema })
    const bounds = given(values, ['batchRows', 'batchBytes', 'leaseMs', 'renewMs'])
    const divide = (): Promise<ReshardOutcome> => reshard({ ...bounds, name, store, publisher, shards })
    return await withProgress({ store, warn, describe: left }, divide).finally(() => publisher.close())
  })
}

// All of it goes out before the map changes.
function left(status: OutboxStatus): string {
  return `dividing: ${pendingMessages(status)}`
}

function describe({ from, to, parked }: ReshardOutcome): string {
  if (from === to) return `The outbox has ${countOf(to, 'shard')}: nothing to change.\n`
  const refused = parked.map(({ error }) => `Parked on the way: ${error}\n`).join('')
  return `${refused}The outbox had ${countOf(from, 'shard')} and has ${to} now: its workers go on with them by themselves.\n`
}
