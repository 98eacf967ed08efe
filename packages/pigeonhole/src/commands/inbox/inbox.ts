import { rewindInbox } from '@pigeonhole/kafkajs'
import { type PostgresStore, postgresStore } from '@pigeonhole/postgres'
import { confirm } from '../../command/confirm.js'
import type { CommandContext } from '../../command/context.js'
import { NotConfirmed } from '../../command/not-confirmed.js'
import { withPool } from '../../command/with-pool.js'
import { databaseSettings } from '../../configuration/database-settings.js'
import { inboxSettings } from '../../configuration/inbox-settings.js'
import { resolveSettings } from '../../configuration/resolve-settings.js'
import type { Values } from '../../configuration/setting.js'
import { sourcesOf } from '../../configuration/sources.js'
import { warnOfUnknownVariables } from '../../configuration/unknown-variables.js'
import { createKafka } from '../../worker/kafka-client.js'
import { createLogger } from '../../worker/logger.js'
import { formatPlan, formatPositions, formatRewound } from './format-positions.js'
import { rewindFlags } from './rewind-flags.js'

/** `pigeonhole inbox positions`: where each inbox goes on. */
export async function positions({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const values = resolveSettings(databaseSettings, sourcesOf({ flags, environment, file }))
  const { inbox: asked } = flags as Readonly<Record<string, string | undefined>>
  await withStore(values, async (store) => {
    const found = (await store.listPositions()).filter(({ inbox }) => inbox === (asked ?? inbox))
    terminal.print(flags['json'] === true ? toJson(found) : formatPositions(found, asked))
  })
}

/** `pigeonhole inbox rewind`: has an inbox handle messages again, while its consumers are stopped. */
export async function rewind({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const told = rewindFlags(flags)
  const values = resolveSettings(inboxSettings, sourcesOf({ flags, environment, file }))
  const kafka = createKafka(values, { name: told.inbox, logger: createLogger('error') })
  await withStore(values, async (store) => {
    const rewound = await rewindInbox(kafka, {
      ...told,
      store,
      async confirm(plan) {
        terminal.warn(formatPlan(plan))
        if (flags['yes'] === true || (await confirm(terminal, 'Handle these messages again?'))) return true
        throw new NotConfirmed('Nothing was rewound')
      },
    })
    terminal.print(flags['json'] === true ? toJson(rewound) : formatRewound(rewound))
  })
}

async function withStore(
  { databaseUrl, schema }: Values<typeof databaseSettings>,
  work: (store: PostgresStore) => Promise<void>,
): Promise<void> {
  const config = { connectionString: databaseUrl, max: 1, application_name: 'pigeonhole inbox' }
  await withPool(config, (pool) => work(postgresStore(pool, { schema })))
}

// Offsets are numbers of 64 bits: JSON has them as text.
function toJson(value: unknown): string {
  const offsetsAsText = (_: string, member: unknown): unknown =>
    typeof member === 'bigint' ? String(member) : member
  return `${JSON.stringify(value, offsetsAsText, 2)}\n`
}
