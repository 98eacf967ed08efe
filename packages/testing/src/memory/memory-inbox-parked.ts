import {
  type InboxFailure,
  type InboxParkedMessage,
  type InboxParkedSelection,
  type InboxParkingStore,
  mostStarts,
  type ParkedGroup,
  type WaitingKey,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { messageKey } from './memory-inbox.js'
import {
  dueLock,
  type InboxKeyEntry,
  type InboxMessageEntry,
  inboxKeyId,
  parkedOf,
} from './memory-inbox-parking.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** What an operator does with the parked messages of an inbox, in a memory store. */
export function memoryInboxParked(database: MemoryDatabase): InboxParkingStore {
  const { inboxKeys, inboxMessages, messageIds } = database
  return {
    async listInboxParking(inbox) {
      const keys = inboxKeys.rows().filter((one) => one.inbox === inbox)
      const alone = inboxMessages.rows().filter((one) => one.inbox === inbox && one.message.key === null)
      const groups = [...keys.map((key) => groupOfKey(database, key)), ...alone.map(groupOfMessage)]
      return groups.sort((a, b) => compare(a.since, b.since))
    },
    async listInboxParkedMessages(selection, limit) {
      return selectedOf(database, selection).slice(0, limit).map(shownOf)
    },
    async readInboxParkedMessage(inbox, id) {
      const one = inboxMessages.get(id)
      if (one?.inbox !== inbox) return null
      const { headers, payload } = one.message
      return { ...shownOf(one), headers, payload }
    },
    retryInboxParked: (selection) =>
      database.transact(async (tx) => {
        const meant = meantBy(database, selection)
        const free = [...meant].filter(([name]) => database.locks.acquireIfFree(tx, dueLock(name)))
        for (const [name, { key }] of free) {
          const table = key ? inboxKeys : inboxMessages
          const entry = table.get(name, tx)
          const starts = Math.min(entry?.starts ?? 0, mostStarts - 1)
          if (entry) table.set(tx, name, { ...entry, starts, retryAt: Date.now() } as never)
        }
        const keys = free.filter(([, { key }]) => key).length
        return { keys, messages: free.length - keys, busy: meant.size - free.length }
      }),
    discardInboxParked: (selection) =>
      database.transact(async (tx) => {
        const done = { messages: 0, unblocked: 0, busy: 0, behind: [] as WaitingKey[] }
        for (const [name, { messages, key }] of meantBy(database, selection)) {
          if (!database.locks.acquireIfFree(tx, dueLock(name))) {
            done.busy += messages.length
            continue
          }
          const isOldest = key && parkedOf(database, key, tx)[0]?.place === messages[0]?.place
          for (const { place, message } of messages) {
            if (message.id) messageIds.set(tx, messageKey(selection.inbox, message.id), performance.now())
            inboxMessages.set(tx, place, undefined)
          }
          done.messages += messages.length
          if (!isOldest) continue
          done.behind.push(...waitingOf(key, parkedOf(database, key, tx).length))
          done.unblocked += beginAnew(database, key, tx)
        }
        return done
      }),
  }
}

function waitingOf({ topic, key, retryAt }: InboxKeyEntry, messages: number): WaitingKey[] {
  return messages > 0 ? [{ topic, key, messages, retryAt: isoOrNull(retryAt) }] : []
}

// Its oldest message is gone. 1 where it was unblocked.
function beginAnew(database: MemoryDatabase, key: InboxKeyEntry, tx: MemoryTransaction): number {
  const name = inboxKeyId(key.inbox, key.topic, key.key)
  const isEmpty = parkedOf(database, key, tx).length === 0
  const isUnblocked = isEmpty && database.locks.acquireIfFree(tx, name)
  const retryAt = isEmpty ? Date.now() : key.retryAt
  database.inboxKeys.set(tx, name, isUnblocked ? undefined : { ...key, attempts: 0, starts: 0, retryAt })
  return Number(isUnblocked)
}

interface Meant {
  readonly messages: readonly InboxMessageEntry[]
  readonly key: InboxKeyEntry | undefined
}

/** What is selected, by the name of its key, or by its place where it has none. */
function meantBy(database: MemoryDatabase, selection: InboxParkedSelection): Map<string, Meant> {
  const meant = new Map<string, Meant>()
  for (const one of selectedOf(database, selection)) {
    const { topic, key } = one.message
    const name = key === null ? one.place : inboxKeyId(one.inbox, topic, key)
    const messages = [...(meant.get(name)?.messages ?? []), one]
    meant.set(name, { messages, key: database.inboxKeys.get(name) })
  }
  return meant
}

function selectedOf(
  { inboxMessages }: MemoryDatabase,
  { inbox, ids, topic, key }: InboxParkedSelection,
): InboxMessageEntry[] {
  return inboxMessages
    .rows()
    .filter((one) => one.inbox === inbox && (ids?.includes(one.place) ?? true))
    .filter(({ message }) => topic === undefined || message.topic === topic)
    .filter(({ message }) => key === undefined || (message.key && Buffer.compare(message.key, key) === 0))
    .sort((a, b) => Number(a.place) - Number(b.place))
}

function shownOf({ place, message, failure, attempts, parkedAt }: InboxMessageEntry): InboxParkedMessage {
  const { topic, key, partition, offset, payload, headers, id, createdAt } = message
  return {
    ...{ id: place, messageId: id?.id ?? null, topic, key, partition, offset },
    bytes: (key?.length ?? 0) + (payload?.length ?? 0) + JSON.stringify(headers).length,
    createdAt: createdAt?.toISOString() ?? null,
    parkedAt: new Date(parkedAt).toISOString(),
    ...whyOf(failure),
    attempts,
  }
}

function groupOfKey(database: MemoryDatabase, key: InboxKeyEntry): ParkedGroup {
  const messages = parkedOf(database, key)
  const { topic, attempts, failure } = key
  const found = { id: messages[0]?.place ?? null, messages: messages.length }
  return { kind: 'key', topic, key: key.key, ...found, ...whyOf(failure), attempts, ...timesOf(key) }
}

function groupOfMessage(one: InboxMessageEntry): ParkedGroup {
  const { place, message, failure, attempts } = one
  const found = { topic: message.topic, key: null, id: place, messages: 1 }
  return { kind: 'message', ...found, ...whyOf(failure), attempts, ...timesOf(one) }
}

function timesOf(one: Pick<InboxKeyEntry, 'parkedAt' | 'retryAt'>): Pick<ParkedGroup, 'since' | 'retryAt'> {
  return { since: new Date(one.parkedAt).toISOString(), retryAt: isoOrNull(one.retryAt) }
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}

function whyOf(failure: InboxFailure | null): Pick<ParkedGroup, 'errorCode' | 'error'> {
  return {
    errorCode: failure?.code ?? null,
    error: failure?.error ?? 'waits behind another message of its key',
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
