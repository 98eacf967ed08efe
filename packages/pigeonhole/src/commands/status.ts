import type { OutboxStatus, XidHolder } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type { CommandContext } from '../command/context.js'
import { FaultFound } from '../command/fault-found.js'
import { withPool } from '../command/with-pool.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { formatStatus } from './format-status.js'
import { formatXidHolder } from './format-xid-holder.js'
import { faultsOf, formatFaults, type StatusFault } from './status-faults.js'

/** What `pigeonhole status --json` prints. */
interface FoundStatus extends OutboxStatus {
  readonly xidHolder: XidHolder | null
  readonly faults: readonly StatusFault[]
}

/** `pigeonhole status`: what the database knows of the outbox and its shards. It asks neither Kafka nor any worker. */
export async function status({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf({ flags, environment, file }))
  const found = await readStatus(databaseUrl, schema)
  const text = formatStatus(found) + formatXidHolder(found.xidHolder) + formatFaults(found.faults)
  terminal.print(flags['json'] === true ? `${JSON.stringify(found, null, 2)}\n` : text)
  if (found.faults.length > 0) throw new FaultFound('Something of the outbox is not as it should be')
}

async function readStatus(connectionString: string, schema: string): Promise<FoundStatus> {
  const config = { connectionString, max: 1, application_name: 'pigeonhole status' }
  return withPool(config, async (pool) => {
    const store = postgresStore(pool, { schema })
    const outbox = await store.readStatus()
    return { ...outbox, xidHolder: await store.readXidHolder(), faults: faultsOf(outbox) }
  })
}
