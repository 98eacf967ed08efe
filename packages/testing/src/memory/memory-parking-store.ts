import type {
  ParkedGroup,
  ParkedMessage,
  ParkedSelection,
  ParkingStatus,
  ParkingStore,
  WaitingKey,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import {
  isSameKey,
  type ParkedEntry,
  type ParkedKeyEntry,
  ParkedTables,
  type PausedTopicEntry,
  parkedKeyId,
} from './memory-parking.js'
import { sizeOf } from './memory-size.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** What an operator does with the parked messages of a memory store. */
export function memoryParkingStore(database: MemoryDatabase): ParkingStore {
  const parked = new ParkedTables(database)
  const select = (selection: ParkedSelection, tables: ParkedTables = parked): ParkedEntry[] =>
    tables.messages.filter((entry) => isSelected(entry, selection))
  return {
    listParking: async () => groupsOf(parked),
    listParkedMessages: async (selection, limit) => select(selection).slice(0, limit).map(shown),
    async readParkedMessage(id) {
      const [entry] = select({ ids: [id] })
      return entry ? { ...shown(entry), headers: entry.row.headers, payload: entry.row.payload } : null
    },
    retryParked: (selection) =>
      inTurn(database, async (tx) => {
        const tables = new ParkedTables(database, { tx })
        return makeDue(database, { tx, tables, chosen: select(selection, tables) })
      }),
    discardParked: (selection) =>
      inTurn(database, async (tx) => {
        const tables = new ParkedTables(database, { tx })
        const chosen = select(selection, tables)
        const inFlight = inFlightPlaces(database)
        const gone = chosen.filter(({ row }) => !inFlight.has(row.seq))
        const behind = tables.keys.flatMap((key) =>
          waitingOf(tables, key, new Set(gone.map(({ row }) => row.seq))),
        )
        for (const { row } of gone) database.parkedMessages.set(tx, row.seq, undefined)
        const empty = tables.keys.filter((key) => !tables.hasMessages(key))
        for (const { topic, key } of empty) database.parkedKeys.set(tx, parkedKeyId(topic, key), undefined)
        const counts = {
          messages: gone.length,
          unblocked: empty.length,
          inFlight: chosen.length - gone.length,
        }
        return { ...counts, behind }
      }),
  }
}

/** What is parked, as `status` shows it. */
export function parkingStatus(database: MemoryDatabase): ParkingStatus {
  const parked = new ParkedTables(database)
  const pausedTopics = parked.topics.map(({ retryAt, since: _, ...topic }) => ({
    ...topic,
    retryAt: new Date(retryAt).toISOString(),
  }))
  return { keys: parked.keys.length, messages: parked.messages.length, pausedTopics }
}

// What is left of a key whose oldest message is gone.
function waitingOf(
  { messages }: ParkedTables,
  { topic, key, retryAt }: ParkedKeyEntry,
  gone: ReadonlySet<string>,
): WaitingKey[] {
  const own = messages.filter(({ row }) => isSameKey(row, topic, key))
  const left = own.filter(({ row }) => !gone.has(row.seq))
  if (left.length === 0 || left[0] === own[0]) return []
  return [{ topic, key, messages: left.length, retryAt: time(retryAt) }]
}

// Takes turns with every guarded transaction.
function inTurn<R>(database: MemoryDatabase, work: (tx: MemoryTransaction) => Promise<R>): Promise<R> {
  return database.transact(async (tx) => {
    for (const { shard } of database.shardStatus()) await database.locks.acquire(tx, `shard/${shard}`)
    return work(tx)
  })
}

interface Retry {
  readonly tx: MemoryTransaction
  readonly tables: ParkedTables
  readonly chosen: readonly ParkedEntry[]
}

function makeDue(
  database: MemoryDatabase,
  { tx, tables, chosen }: Retry,
): { readonly keys: number; readonly messages: number; readonly topics: number } {
  const retryAt = Date.now()
  const keys = new Set(chosen.map(({ row }) => tables.keyOf(row)).filter((key) => key !== undefined))
  for (const key of keys) database.parkedKeys.set(tx, parkedKeyId(key.topic, key.key), { ...key, retryAt })
  const messages = chosen.filter(({ row, errorCode }) => row.key === null && errorCode !== null)
  for (const entry of messages) database.parkedMessages.set(tx, entry.row.seq, { ...entry, retryAt })
  const held = new Set(chosen.filter((entry) => tables.isHeldByPause(entry)).map(({ row }) => row.topic))
  const pauses = tables.topics.filter(({ topic }) => held.has(topic))
  for (const pause of pauses)
    database.pausedTopics.set(tx, `${pause.shard}/${pause.topic}`, { ...pause, retryAt })
  return {
    keys: keys.size,
    messages: messages.length,
    topics: new Set(pauses.map(({ topic }) => topic)).size,
  }
}

function inFlightPlaces(database: MemoryDatabase): ReadonlySet<string> {
  const places = database.shardStatus().flatMap(({ shard, confirmed }) =>
    database
      .batchesOf(shard)
      .filter(({ number }) => number > confirmed)
      .flatMap(({ releases = [] }) => releases),
  )
  return new Set(places)
}

function isSelected({ row }: ParkedEntry, { ids, topic, key }: ParkedSelection): boolean {
  if (ids && !ids.includes(row.seq)) return false
  if (topic !== undefined && row.topic !== topic) return false
  return key === undefined || isSameKey(row, row.topic, key)
}

function shown({ row, errorCode, error, attempts, createdAt, parkedAt }: ParkedEntry): ParkedMessage {
  const { seq, id, headers: _, payload: __, ...place } = row
  const [created, parked] = [createdAt, parkedAt].map((time) => new Date(time).toISOString())
  return {
    ...place,
    id: seq,
    messageId: id,
    bytes: sizeOf(row),
    createdAt: created ?? '',
    parkedAt: parked ?? '',
    errorCode,
    error,
    attempts,
  }
}

function groupsOf(parked: ParkedTables): ParkedGroup[] {
  const { keys, messages, topics } = parked
  const single = messages.filter(({ row, errorCode }) => row.key === null && errorCode !== null)
  const groups = [
    ...keys.map((key) => ({ since: key.since, group: keyGroup(parked, key) })),
    ...single.map((entry) => ({ since: entry.parkedAt, group: messageGroup(entry) })),
    ...topics.map((topic) => ({ since: topic.since, group: topicGroup(parked, topic) })),
  ]
  return groups.sort((a, b) => a.since - b.since).map(({ group }) => group)
}

function keyGroup(parked: ParkedTables, entry: ParkedKeyEntry): ParkedGroup {
  const { topic, key, errorCode, error, attempts, since, retryAt } = entry
  const own = parked.messages.filter(({ row }) => isSameKey(row, topic, key))
  const times = { since: time(since) ?? '', retryAt: time(retryAt) }
  return { kind: 'key', topic, key, ...placed(own), errorCode, error, attempts, ...times }
}

function messageGroup(entry: ParkedEntry): ParkedGroup {
  const { row, errorCode, error, attempts, parkedAt, retryAt } = entry
  const times = { since: time(parkedAt) ?? '', retryAt: time(retryAt) }
  const { topic } = row
  return { kind: 'message', topic, key: null, ...placed([entry]), errorCode, error, attempts, ...times }
}

function topicGroup(parked: ParkedTables, entry: PausedTopicEntry): ParkedGroup {
  const { topic, errorCode, error, attempts, since, retryAt } = entry
  const held = parked.messages.filter((one) => one.row.topic === topic && parked.isHeldByPause(one))
  const times = { since: time(since) ?? '', retryAt: time(retryAt) }
  return { kind: 'topic', topic, key: null, ...placed(held), errorCode, error, attempts, ...times }
}

function placed(entries: readonly ParkedEntry[]): Pick<ParkedGroup, 'id' | 'messages'> {
  return { id: entries[0]?.row.seq ?? null, messages: entries.length }
}

function time(value: number | null): string | null {
  return value === null ? null : new Date(value).toISOString()
}
