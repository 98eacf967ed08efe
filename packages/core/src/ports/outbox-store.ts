import type { StoredHeader } from '../message/headers.js'

/** A message as it lies in `outbox_message`, before PostgreSQL gives it its `seq` and `xid`. */
export interface OutboxRow {
  /** A UUID, version 7. */
  readonly id: string
  readonly topic: string
  /** `null`: no key. Such messages have no order among each other. */
  readonly key: Uint8Array | null
  /** The partition the publisher asked for; `null` leaves it to the key. */
  readonly partition: number | null
  /** 0 to 255; see {@link bucketOf}. */
  readonly bucket: number
  readonly headers: readonly StoredHeader[]
  /** `null`: a tombstone. */
  readonly payload: Uint8Array | null
}

/** The part of a store that publishing needs. `Tx` is the type of an open transaction of the user's own client. */
export interface OutboxStore<Tx> {
  /**
   * Inserts `rows` in their order, in one statement, in the transaction `tx`.
   * @throws OUTSIDE_TRANSACTION when `tx` is not inside an open transaction.
   */
  insertMessages(tx: Tx, rows: readonly OutboxRow[]): Promise<void>
  /**
   * Takes a transaction-level lock for each topic and key, so that transactions that publish to one key commit one
   * after the other, in the order of their `seq`. Locks are taken in one order, whatever the order of `keys`.
   * @throws OUTSIDE_TRANSACTION when `tx` is not inside an open transaction.
   */
  lockKeys(tx: Tx, keys: readonly { readonly topic: string; readonly key: Uint8Array }[]): Promise<void>
}
