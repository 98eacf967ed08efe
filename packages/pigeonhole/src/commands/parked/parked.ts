import { PigeonholeError } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { confirm } from '../../command/confirm.js'
import type { CommandContext } from '../../command/context.js'
import { NotConfirmed } from '../../command/not-confirmed.js'
import { withPool } from '../../command/with-pool.js'
import { databaseSettings } from '../../configuration/database-settings.js'
import { resolveSettings } from '../../configuration/resolve-settings.js'
import { sourcesOf } from '../../configuration/sources.js'
import { warnOfUnknownVariables } from '../../configuration/unknown-variables.js'
import { formatGroups, formatMessage, formatMessages, toJson, withoutPayload } from './format-parked.js'
import { meantSelectionOf, selectionOf } from './selection.js'
import { type Done, inboxSide, outboxSide, type ParkedSide } from './side.js'

/** Most messages that `list --messages` shows. */
const shownMessages = 1_000

/** `pigeonhole parked list`: what is parked or paused, or with `--messages` each message. */
export async function list(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const selection = selectionOf(flags)
  const asMessages = flags['messages'] === true || Object.keys(selection).length > 0
  await withSide(context, async (side) => {
    if (asMessages) {
      const messages = await side.listMessages(selection, shownMessages)
      terminal.print(flags['json'] === true ? toJson(messages) : formatMessages(messages))
    } else {
      const groups = await side.listGroups()
      terminal.print(flags['json'] === true ? toJson(groups) : formatGroups(groups))
    }
  })
}

/** `pigeonhole parked show`: one message; its payload, as it is, with `--payload`. */
export async function show(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const [id] = selectionOf(flags).ids ?? []
  if (id === undefined) throw invalid('id', 'Say which: --id, a number of pigeonhole parked list --messages')
  await withSide(context, async (side) => {
    const message = await side.readMessage(id)
    if (!message)
      throw invalid(
        'id',
        `Message ${id} is not parked: it was ${side.done} or discarded meanwhile, or never was`,
      )
    const isAsked = flags['payload'] === true
    if (flags['json'] === true) terminal.print(toJson(isAsked ? message : withoutPayload(message)))
    else if (isAsked) terminal.print(message.payload ?? '')
    else terminal.print(formatMessage(message))
  })
}

/** `pigeonhole parked retry`: has what is meant sent, or handled, again, each key in its order. */
export async function retry(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const selection = meantSelectionOf(flags)
  await withSide(context, async (side) => {
    const { outcome, text } = await side.retry(selection)
    terminal.print(flags['json'] === true ? toJson(outcome) : text)
  })
}

/** `pigeonhole parked discard`: deletes what is meant for good, once it is confirmed. */
export async function discard(context: CommandContext): Promise<void> {
  const { flags, terminal } = context
  const selection = meantSelectionOf(flags)
  await withSide(context, async (side) => {
    const meant = await side.listMessages(selection, shownMessages)
    const tell = ({ outcome, text }: Done): void =>
      terminal.print(flags['json'] === true ? toJson(outcome) : text)
    // What is parked from here on has been shown to nobody.
    if (meant.length === 0 && flags['yes'] !== true) return tell(side.nothingDiscarded)
    if (meant.length > 0) terminal.warn(formatMessages(meant))
    const question = `Discard ${these(meant.length)}, ${side.fate}?`
    if (flags['yes'] !== true && !(await confirm(terminal, question)))
      throw new NotConfirmed('Nothing was discarded')
    tell(await side.discard(selection))
  })
}

function these(count: number): string {
  if (count === 1) return 'this message'
  return `these ${count}${count === shownMessages ? ' or more' : ''} messages`
}

async function withSide(
  { flags, environment, file, terminal }: CommandContext,
  work: (side: ParkedSide) => Promise<void>,
): Promise<void> {
  const { inbox } = flags as Readonly<Record<string, string | undefined>>
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf({ flags, environment, file }))
  const config = { connectionString: databaseUrl, max: 1, application_name: 'pigeonhole parked' }
  await withPool(config, async (pool) => {
    const store = postgresStore(pool, { schema })
    await work(inbox === undefined ? outboxSide(store) : inboxSide(store, inbox))
  })
}

function invalid(option: string, message: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', { message, details: { option } })
}
