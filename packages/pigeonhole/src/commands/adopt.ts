import {
  type Adoption,
  type AdoptionReport,
  type AdoptOptions,
  adopt,
  type OutboxStatus,
} from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { confirm } from '../command/confirm.js'
import type { CommandContext } from '../command/context.js'
import { NotConfirmed } from '../command/not-confirmed.js'
import { withPool } from '../command/with-pool.js'
import { pendingMessages, withProgress } from '../command/with-progress.js'
import { adoptSettings } from '../configuration/adopt-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import type { Values } from '../configuration/setting.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { createKafka } from '../worker/kafka-client.js'
import { createLogger } from '../worker/logger.js'
import { formatAdopted, formatReport } from './format-adoption.js'

// A relay's transactions end within its lease. This one may change a whole outbox at once, and an operator waits for it.
const storeTimeoutMs = 600_000

/** `pigeonhole adopt`: shows where database and Kafka disagree, asks, and makes them agree. */
export async function adoptOutbox({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const values = resolveSettings(adoptSettings, sourcesOf({ flags, environment, file }))
  const json = flags['json'] === true
  const show = (text: string): void => (json ? terminal.warn(text) : terminal.print(text))
  const choices = { keepCursor: flags['keepCursor'] === true, undecided: undecidedOf(flags) }
  const adoption = await run(values, { choices, warn: terminal.warn }, async (report) => {
    show(formatReport(report))
    return flags['yes'] === true || (await confirm(terminal, 'Adopt?'))
  })
  if (adoption.outcome === 'undecided') show(formatReport(adoption.report))
  if (json) terminal.print(`${JSON.stringify(adoption, null, 2)}\n`)
  else terminal.print(formatAdopted(adoption))
  if (adoption.outcome === 'undecided')
    throw new NotConfirmed(
      'Nothing was changed: say what becomes of the undecided messages with --undecided send or drop',
    )
  if (adoption.outcome === 'declined') throw new NotConfirmed('Nothing was changed')
}

function undecidedOf({ undecided }: CommandContext['flags']): AdoptOptions['undecided'] {
  return undecided === 'send' || undecided === 'drop' ? undecided : undefined
}

interface Run {
  readonly choices: Pick<AdoptOptions, 'keepCursor' | 'undecided'>
  readonly warn: (text: string) => void
}

async function run(
  values: Values<typeof adoptSettings>,
  { choices, warn }: Run,
  ask: (report: AdoptionReport) => Promise<boolean>,
): Promise<Adoption> {
  const { name, schema, databaseUrl, checkpointReplicationFactor } = values
  const config = { connectionString: databaseUrl, application_name: `pigeonhole adopt ${name}` }
  return withPool(config, (pool) => {
    const kafka = createKafka(values, { name, logger: createLogger('error') })
    const store = postgresStore(pool, { schema, relayTimeoutMs: storeTimeoutMs })
    const publisher = kafkajsPublisher(
      kafka,
      checkpointReplicationFactor === undefined ? {} : { checkpointReplicationFactor },
    )
    // Nothing while somebody is asked.
    let doing: string | undefined = 'comparing'
    const confirm = async (report: AdoptionReport): Promise<boolean> => {
      doing = undefined
      const answer = await ask(report)
      doing = 'adopting'
      return answer
    }
    const describe = (status: OutboxStatus): string | undefined =>
      doing && `${doing}: ${pendingMessages(status)}`
    return withProgress({ store, warn, describe }, () =>
      adopt({ name, store, publisher, ...choices, confirm }),
    )
  })
}
