import type {
  CapturedRow,
  IdempotencyStore,
  InboxParkingStore,
  InboxPositionsStore,
  InboxStore,
  MonitorStore,
  OutboxStore,
  RelayStore,
  TransactionBounds,
} from '@pigeonhole/core'
import { MemoryDatabase } from './memory-database.js'
import { memoryIdempotency } from './memory-idempotency.js'
import type { MemoryImage } from './memory-image.js'
import { memoryInbox } from './memory-inbox.js'
import { memoryInboxParked } from './memory-inbox-parked.js'
import { memoryInboxPositions } from './memory-inbox-positions.js'
import { memoryMonitor } from './memory-monitor.js'
import { memoryOutbox } from './memory-outbox.js'
import { memoryRelay } from './memory-relay.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** A store without a server, for unit tests of code that publishes or handles. */
export interface MemoryStore
  extends OutboxStore<MemoryTransaction>,
    InboxStore<MemoryTransaction>,
    IdempotencyStore<MemoryTransaction>,
    InboxPositionsStore,
    InboxParkingStore,
    RelayStore,
    MonitorStore {
  /** The committed messages that no relay has deleted, in the order in which they were published. */
  readonly messages: readonly CapturedRow[]
  /** The transactions that have not ended, in the order in which they began. */
  readonly openTransactions: readonly MemoryTransaction[]
  /** All that is committed by now: for {@link MemoryStore.restore}, or for a store that is a copy of this one. */
  image(): MemoryImage
  /**
   * Ends every transaction and goes back to `image`, as a server does that crashes before it has flushed what was
   * committed since, or that is restored from a backup: transaction ids given out since then are given out again.
   */
  restore(image: MemoryImage): void
  /** Begins a transaction that the caller ends. */
  begin(): MemoryTransaction
  /** Runs `work` in a transaction: commits when it resolves, rolls back when it rejects. */
  transaction<R>(work: (tx: MemoryTransaction) => Promise<R>): Promise<R>
  transaction<R>(bounds: TransactionBounds, work: (tx: MemoryTransaction) => Promise<R>): Promise<R>
}

/**
 * A store that keeps everything in this process. It behaves as the real ones do, transactions included: nothing is seen
 * before it commits, locks are waited for, and the relay's snapshots are those of its transactions. `image`: what it
 * begins with, instead of nothing.
 */
export function memoryStore(image?: MemoryImage): MemoryStore {
  const database = new MemoryDatabase(image)
  const inbox = memoryInbox(database)
  return {
    ...memoryOutbox(database),
    ...inbox,
    ...memoryIdempotency(database),
    ...memoryInboxPositions(database),
    ...memoryInboxParked(database),
    ...memoryRelay(database),
    ...memoryMonitor(database),
    get messages(): readonly CapturedRow[] {
      const entries = database.outbox.rows().map(({ row }) => row)
      return entries.sort((a, b) => Number(a.seq) - Number(b.seq))
    },
    get openTransactions(): readonly MemoryTransaction[] {
      return database.open
    },
    image: () => database.image(),
    restore: (image) => database.restore(image),
    begin: () => database.begin(),
    transaction<R>(...args: TransactionArgs<R>): Promise<R> {
      return args.length === 1 ? database.transact(args[0]) : inbox.transaction(args[0], args[1])
    },
  }
}

type Work<R> = (tx: MemoryTransaction) => Promise<R>
type TransactionArgs<R> = [work: Work<R>] | [bounds: TransactionBounds, work: Work<R>]
