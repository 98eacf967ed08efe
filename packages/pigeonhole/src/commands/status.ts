import type { OutboxStatus } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import type { CommandContext } from '../command/context.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { formatStatus } from './format-status.js'

/** `pigeonhole status`: what the database knows of the outbox and its shards. It asks neither Kafka nor any worker. */
export async function status({ flags, environment, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf(flags, environment))
  const found = await readStatus(databaseUrl, schema)
  terminal.print(flags['json'] === true ? `${JSON.stringify(found, null, 2)}\n` : formatStatus(found))
}

async function readStatus(connectionString: string, schema: string): Promise<OutboxStatus> {
  const pool = new pg.Pool({ connectionString, max: 1, application_name: 'pigeonhole status' })
  try {
    return await postgresStore(pool, { schema }).readStatus()
  } finally {
    await pool.end()
  }
}
