import { createHash, randomUUID } from 'node:crypto'
import type { OutboxRow, ReceivedMessages } from '@pigeonhole/core'
import { afterEach, expect } from 'vitest'
import type { OpenStore, StoreSubject } from './store-subject.js'

/** What the cases of a suite work with. */
export interface StoreScene<Tx> {
  /** A store over empty tables, closed after the case. */
  open(): Promise<OpenStore<Tx>>
}

/** Called inside `describe`. */
export function storeScene<Tx>(subject: StoreSubject<Tx>): StoreScene<Tx> {
  const opened: OpenStore<Tx>[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()))
  })
  return {
    async open() {
      const store = await subject.open()
      opened.push(store)
      return store
    },
  }
}

/** Matches a coded error. */
export function ofCode(code: string): unknown {
  return expect.objectContaining({ name: 'PigeonholeError', code })
}

/** A row with what matters to a case. */
export function row(given: Partial<OutboxRow> = {}): OutboxRow {
  const key = bytes('key')
  const payload = bytes('payload')
  return { id: randomUUID(), topic: 'topic', key, partition: null, bucket: 7, headers: [], payload, ...given }
}

/** Commits rows in a transaction of their own and returns their ids. */
export async function commitRows<Tx>(
  opened: OpenStore<Tx>,
  rows: readonly OutboxRow[] = [row()],
): Promise<string[]> {
  const { tx, commit } = await opened.begin()
  await opened.store.insertMessages(tx, rows)
  await commit()
  return rows.map(({ id }) => id)
}

/** Messages that come from no log, with ids and no keys. */
export function ofIds(ids: readonly { readonly scope: string; readonly id: string }[]): ReceivedMessages {
  return { topic: 'orders', range: undefined, messages: ids.map((id) => ({ id, key: null })) }
}

/** UTF-8. */
export function bytes(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value))
}

/** A key that no index of PostgreSQL takes, since nothing compresses it. All of them begin alike. */
export function longKey(last: number): Uint8Array {
  const blocks = Array.from({ length: 300 }, (_, i) => createHash('sha256').update(String(i)).digest())
  return Uint8Array.from(Buffer.concat([...blocks, Buffer.of(last)]))
}

/**
 * Whether `promise` is still open after an unrelated transaction has come and gone, several times: had it not to wait for a lock, it
 * would have settled by then.
 */
export async function isHeldUp<Tx>(opened: OpenStore<Tx>, promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  for (const inbox of ['sentinel-1', 'sentinel-2', 'sentinel-3', 'sentinel-4']) {
    const { tx, commit } = await opened.begin()
    const received = ofIds([{ scope: 'sentinel', id: randomUUID() }])
    await opened.store.receiveMessages(tx, inbox, received)
    await commit()
  }
  return !settled
}
