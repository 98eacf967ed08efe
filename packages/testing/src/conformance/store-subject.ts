import type {
  CapturedRow,
  IdempotencyStore,
  InboxParkingStore,
  InboxPositionsStore,
  InboxStore,
  MonitorStore,
  OutboxStore,
  RelayStore,
} from '@pigeonhole/core'

/** A store to be held to its ports. `Tx` is the type of its transactions. */
export interface StoreSubject<Tx> {
  readonly name: string
  /** What the store has besides publishing and an inbox. What it does not have is asserted to be absent. */
  readonly supports: { readonly relay: boolean }
  /** A store over empty tables of its own. */
  open(): Promise<OpenStore<Tx>>
}

/** A store and what a suite does beside it. */
export interface OpenStore<Tx> {
  readonly store: OutboxStore<Tx> &
    InboxStore<Tx> &
    IdempotencyStore<Tx> &
    Partial<RelayStore> &
    Partial<MonitorStore> &
    Partial<InboxPositionsStore> &
    Partial<InboxParkingStore>
  /** What a careless caller would pass instead of a transaction. */
  readonly outside: Tx
  /** Begins a transaction as an application does. */
  begin(): Promise<OpenTransaction<Tx>>
  /** Runs a statement in `tx` that the server refuses, and swallows its error. */
  failStatement(tx: Tx): Promise<void>
  /** The committed messages by their seq, read past the store. */
  readMessages(): Promise<readonly CapturedRow[]>
  close(): Promise<void>
}

/** A transaction that the suite ends. */
export interface OpenTransaction<Tx> {
  readonly tx: Tx
  commit(): Promise<void>
  rollback(): Promise<void>
}
