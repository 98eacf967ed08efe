import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { ParkedOutMessage, UnsettledMessage } from '../ports/adoption.js'
import type { CallScript } from '../ports/call-script.fake.js'
import type {
  CapturedRow,
  Cursor,
  Guard,
  GuardedTransaction,
  Lease,
  Look,
  OutboxStatus,
  Page,
  PageBounds,
  Reclaimed,
  RelayBatch,
  RelayIdentity,
  RelayStore,
  ShardFacts,
} from '../ports/relay-store.js'
import type { BucketRange, HeldShard, MappedShard, ShardMapChange } from '../ports/shard-map.js'
import { scriptedAdoption } from './adopt/scripted-adoption.fake.js'
import { ScriptedParking } from './parking/scripted-parking.fake.js'

interface Holder {
  readonly shard: number
  readonly holder: string
}

/**
 * One shard's tables in memory. A snapshot is the number of rows that had been committed: enough for the engine, to
 * which snapshots are opaque. Writes of a guarded transaction are not undone when it fails; no spec needs that.
 */
export class ScriptedRelayStore extends ScriptedParking implements RelayStore {
  readonly rows: CapturedRow[]
  batches: RelayBatch[] = []
  lease: Lease = { holder: null, token: null, renewal: 0, confirmed: 0 }
  recorded: RelayIdentity | null = null
  /** One shard that owns everything, as after the first start. */
  map: readonly MappedShard[] = [{ shard: 0, buckets: { first: 0, last: 255 } }]
  origin: string | null = null
  /** What a change of the map resolves to. */
  changesShards = true
  xidAhead: string | null = null
  /** What the next cleaning answers. */
  reclaimed: Reclaimed = { truncated: [], held: [], unsettled: [], turned: false }
  /** Messages that a look finds and no page holds: those numbered by another server. */
  foreign = 0
  /** Whether many messages of other shards lie behind the cursor, until something passes over them. */
  others = false
  /** Whether a page's cursor says that its capture goes on, as one does that ends at the limit of rows. */
  splitsCaptures = false
  /** What an adoption reads: rows of the outbox and parked ones. */
  unsettled: UnsettledMessage[] = []
  parkedOut: ParkedOutMessage[] = []
  readonly #script: CallScript

  constructor(script: CallScript) {
    const rows: CapturedRow[] = []
    super(script, rows)
    this.rows = rows
    this.#script = script
  }

  /** Commits a message. */
  commit(over: Partial<CapturedRow> = {}): void {
    const seq = String(this.rows.length + 1)
    this.rows.push({
      seq,
      id: `id-${seq}`,
      topic: 'orders',
      key: null,
      partition: null,
      bucket: 0,
      headers: [],
      payload: null,
      ...over,
    })
  }

  checkServer(): Promise<void> {
    return this.#script.enter('checkServer')
  }

  async provideShards(ranges: readonly BucketRange[]): Promise<void> {
    await this.#script.enter('provideShards', ranges.length)
    if (this.map.length === 0) this.map = ranges.map((buckets, shard) => ({ shard, buckets }))
  }

  // Shard 0 is the one that has a lease.
  async readShards(): Promise<readonly HeldShard[]> {
    await this.#script.enter('readShards')
    return this.map.map((mapped) => ({ ...mapped, holder: mapped.shard === 0 ? this.lease.holder : null }))
  }

  async changeShards({ ranges }: ShardMapChange): Promise<boolean> {
    await this.#script.enter('changeShards', ranges.length)
    if (this.changesShards) this.map = ranges.map((buckets, shard) => ({ shard, buckets }))
    return this.changesShards
  }

  async readLease(shard: number): Promise<Lease | null> {
    await this.#script.enter('readLease')
    return this.map.find((mapped) => mapped.shard === shard)?.buckets ? this.lease : null
  }

  async takeLease({ holder, observed }: Holder & { readonly observed: Lease }): Promise<boolean> {
    await this.#script.enter('takeLease')
    const { renewal, token } = this.lease
    if (this.lease.holder !== observed.holder || token !== observed.token || renewal !== observed.renewal)
      return false
    this.lease = { ...this.lease, holder, renewal: renewal + 1 }
    return true
  }

  async seizeLease({ holder }: Holder): Promise<void> {
    await this.#script.enter('seizeLease')
    this.lease = { ...this.lease, holder, token: null, renewal: this.lease.renewal + 1 }
  }

  async renewLease({ holder }: Holder): Promise<boolean> {
    await this.#script.enter('renewLease')
    if (this.lease.holder !== holder) return false
    this.lease = { ...this.lease, renewal: this.lease.renewal + 1 }
    return true
  }

  async releaseLease({ holder }: Holder): Promise<void> {
    await this.#script.enter('releaseLease')
    if (this.lease.holder === holder) this.lease = { ...this.lease, holder: null }
  }

  async changeToken({ holder, token }: Holder & { readonly token: string }): Promise<boolean> {
    await this.#script.enter('changeToken')
    if (this.lease.holder !== holder) return false
    this.lease = { ...this.lease, token }
    return true
  }

  async readIdentity(): Promise<{
    readonly recorded: RelayIdentity | null
    readonly systemIdentifier: string
  }> {
    await this.#script.enter('readIdentity')
    return { recorded: this.recorded, systemIdentifier: 'system' }
  }

  async lookForMessages(_shard: number, cursor: Cursor): Promise<Look> {
    await this.#script.enter('lookForMessages')
    const unread = this.rows.slice(position(cursor)).some((row) => this.#isThere(row))
    const isAny = unread || this.rows.length + this.foreign > Math.max(position(cursor), this.rows.length)
    if (isAny) return 'messages'
    return this.others ? 'others' : 'nothing'
  }

  async readSnapshot(): Promise<string> {
    await this.#script.enter('readSnapshot')
    return snapshot(this.rows.length)
  }

  async readConfirmedCursor(): Promise<Cursor | null> {
    await this.#script.enter('readConfirmedCursor')
    return this.batches.find(({ number }) => number === this.lease.confirmed)?.cursor ?? null
  }

  async hasBatch(_shard: number, { token }: Pick<RelayBatch, 'number' | 'token'>): Promise<boolean> {
    await this.#script.enter('hasBatch')
    return this.batches.some((batch) => batch.token === token)
  }

  async isCovered(_shard: number, mark: string, cursor: Cursor): Promise<boolean> {
    await this.#script.enter('isCovered')
    return Number.parseInt(mark, 10) - 1 <= position(cursor)
  }

  async guarded<R>(guard: Guard, work: (tx: GuardedTransaction) => Promise<R>): Promise<R> {
    await this.#script.enter('guarded', guard.confirmed)
    if (guard.token !== this.lease.token) {
      throw new PigeonholeError('LEASE_LOST', {
        message: 'the token is another one',
        details: { shard: guard.shard },
      })
    }
    const confirmed = Math.max(this.lease.confirmed, guard.confirmed)
    this.lease = { ...this.lease, confirmed }
    const result = await work(this.#transaction())
    await this.#script.pass('COMMIT')
    return result
  }

  async readStatus(): Promise<OutboxStatus> {
    await this.#script.enter('readStatus')
    const { holder, confirmed } = this.lease
    return {
      identity: this.recorded,
      shards: this.map.map((mapped) => ({
        ...mapped,
        holder,
        confirmed,
        pending: 0,
        oldestAgeSeconds: null,
      })),
      pending: 0,
      oldestAgeSeconds: null,
      parking: this.status(),
    }
  }

  #transaction(): GuardedTransaction {
    const script = this.#script
    return {
      ...this.transaction(),
      ...scriptedAdoption(script, this),
      readFacts: async () => {
        await script.enter('readFacts')
        return this.#facts()
      },
      readSnapshot: async () => {
        await script.enter('readSnapshot', 'guarded')
        return snapshot(this.rows.length)
      },
      hasBatch: async (_shard, batch) => {
        await script.enter('hasBatch', batch.number)
        return this.batches.some(({ number, token }) => number === batch.number && token === batch.token)
      },
      writeIdentity: async (identity) => {
        await script.enter('writeIdentity')
        this.recorded = identity
      },
      confirm: async (number) => {
        await script.enter('confirm', number)
        this.lease = { ...this.lease, confirmed: Math.max(this.lease.confirmed, number) }
      },
      agree: () => script.enter('agree'),
      deleteOtherBatches: async (keep) => {
        await script.enter('deleteOtherBatches', keep?.number ?? 'all')
        this.batches = this.batches.filter(({ token }) => token === keep?.token)
      },
      deleteBatchesBelow: async (limit) => {
        await script.enter('deleteBatchesBelow', limit)
        this.batches = this.batches.filter(({ number }) => number >= limit)
      },
      readPage: async (cursor, bounds) => {
        await script.enter('readPage')
        return this.#page(cursor, bounds)
      },
      readPageUntil: async (cursor, until, bounds) => {
        await script.enter('readPageUntil')
        const page = this.#page(cursor, bounds)
        return page.rows.length > 0 ? page : { rows: [], cursor: { from: until, until: null, lastSeq: '0' } }
      },
      passOver: async (cursor) => {
        await script.enter('passOver')
        if (this.#page(cursor, { maxRows: 1, maxBytes: 1 }).rows.length > 0) return null
        this.others = false
        return { from: snapshot(this.rows.length), until: null, lastSeq: '0' }
      },
      insertBatch: async (batch) => {
        await script.enter('insertBatch', batch.number)
        const orphaned = batch.parent !== null && !this.batches.some(({ token }) => token === batch.parent)
        if (!orphaned) this.batches.push(batch)
        return !orphaned
      },
      reclaim: async ({ retentionMs }) => {
        await script.enter('reclaim', retentionMs)
        return this.reclaimed
      },
    }
  }

  // What is parked has left the outbox.
  #isThere({ id }: CapturedRow): boolean {
    return !this.ids.includes(id) && !this.released.has(id)
  }

  #facts(): ShardFacts {
    const { confirmed } = this.lease
    const { recorded, batches, xidAhead, origin } = this
    return { recorded, systemIdentifier: 'system', confirmed, batches, origin, xidAhead, serverXid: '1000' }
  }

  #page(cursor: Cursor, { maxRows }: PageBounds): Page {
    const start = position(cursor)
    const rows = this.rows
      .slice(start)
      .filter((row) => this.#isThere(row))
      .slice(0, maxRows)
    const last = rows.at(-1)
    if (!last) return { rows, cursor }
    const end = this.rows.indexOf(last) + 1
    if (this.splitsCaptures)
      return { rows, cursor: { from: cursor.from, until: snapshot(end), lastSeq: String(end) } }
    return { rows, cursor: { from: snapshot(end), until: null, lastSeq: '0' } }
  }
}

// `1:1:`, the origin, is the snapshot of no rows.
function snapshot(rows: number): string {
  return `${rows + 1}:${rows + 1}:`
}

function position(cursor: Cursor): number {
  return cursor.until === null ? Number.parseInt(cursor.from, 10) - 1 : Number.parseInt(cursor.lastSeq, 10)
}
