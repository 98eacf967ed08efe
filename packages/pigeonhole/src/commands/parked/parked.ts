import { type ParkingStore, PigeonholeError } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { confirm } from '../../command/confirm.js'
import type { CommandContext } from '../../command/context.js'
import { NotConfirmed } from '../../command/not-confirmed.js'
import { databaseSettings } from '../../configuration/database-settings.js'
import { resolveSettings } from '../../configuration/resolve-settings.js'
import { sourcesOf } from '../../configuration/sources.js'
import { warnOfUnknownVariables } from '../../configuration/unknown-variables.js'
import { formatGroups, formatMessage, formatMessages, toJson } from './format-parked.js'
import { meantSelectionOf, selectionOf } from './selection.js'

/** Most messages that `list --messages` shows. */
const shownMessages = 1_000

/** `pigeonhole parked list`: what is parked or paused, or with `--messages` each message. */
export async function list(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const selection = selectionOf(flags)
  const asMessages = flags['messages'] === true || Object.keys(selection).length > 0
  await withStore(context, async (store) => {
    if (asMessages) {
      const messages = await store.listParkedMessages(selection, shownMessages)
      terminal.print(flags['json'] === true ? toJson(messages) : formatMessages(messages))
    } else {
      const groups = await store.listParking()
      terminal.print(flags['json'] === true ? toJson(groups) : formatGroups(groups))
    }
  })
}

/** `pigeonhole parked show`: one message; its payload, as it is, with `--payload`. */
export async function show(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const [id] = selectionOf(flags).ids ?? []
  if (id === undefined) throw invalid('id', 'Say which: --id, a number of pigeonhole parked list --messages')
  await withStore(context, async (store) => {
    const message = await store.readParkedMessage(id)
    if (!message)
      throw invalid('id', `Message ${id} is not parked: it was sent or discarded meanwhile, or never was`)
    if (flags['payload'] === true) terminal.print(Buffer.from(message.payload ?? []).toString('utf8'))
    else terminal.print(flags['json'] === true ? toJson(message) : formatMessage(message))
  })
}

/** `pigeonhole parked retry`: has what is meant sent again, each key in its order. */
export async function retry(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const selection = meantSelectionOf(flags)
  await withStore(context, async (store) => {
    const retried = await store.retryParked(selection)
    const { keys, messages, topics } = retried
    const text = `Sent again: ${keys} keys, ${messages} messages without a key, ${topics} topics. The relay does it next.\n`
    terminal.print(flags['json'] === true ? toJson(retried) : text)
  })
}

/** `pigeonhole parked discard`: deletes what is meant for good, once it is confirmed. */
export async function discard(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const selection = meantSelectionOf(flags)
  await withStore(context, async (store) => {
    const meant = await store.listParkedMessages(selection, shownMessages)
    const more = meant.length === shownMessages ? ' or more' : ''
    terminal.warn(formatMessages(meant))
    const question = `Discard these ${meant.length}${more} messages, which are never sent then?`
    if (flags['yes'] !== true && !(await confirm(terminal, question)))
      throw new NotConfirmed('Nothing was discarded')
    const discarded = await store.discardParked(selection)
    const { messages, unblocked, inFlight } = discarded
    const staying = inFlight > 0 ? ` ${inFlight} stay: a batch that holds them may be on its way.` : ''
    const text = `Discarded ${messages} messages, unblocked ${unblocked} keys.${staying}\n`
    terminal.print(flags['json'] === true ? toJson(discarded) : text)
  })
}

async function withStore(
  { flags, environment, terminal }: CommandContext,
  work: (store: ParkingStore) => Promise<void>,
): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf(flags, environment))
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, application_name: 'pigeonhole parked' })
  try {
    await work(postgresStore(pool, { schema }))
  } finally {
    await pool.end()
  }
}

function invalid(option: string, message: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', { message, details: { option } })
}
