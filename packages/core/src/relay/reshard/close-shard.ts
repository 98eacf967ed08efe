import { randomUUID } from 'node:crypto'
import type { CapturedRow, Cursor, RelayBatch } from '../../ports/relay-store.js'
import type { OpenShard } from '../opening.js'
import { orphaned } from '../orphaned.js'
import type { ResolvedRelayOptions } from '../relay-options.js'

type ClosingOptions = Pick<ResolvedRelayOptions, 'store' | 'batchRows' | 'batchBytes'>

const nothing: ReadonlySet<string> = new Set()

/** A shard and the snapshot that it is to end at. */
export interface Closing {
  readonly open: OpenShard
  readonly snapshot: string
}

/**
 * Sends what an open shard has left up to a snapshot, and nothing behind it. Resolves to the confirmed batch whose cursor
 * is the snapshot itself: one without messages where there was nothing left, because a cursor never moves without an
 * intent.
 */
export async function closeShard(
  options: ClosingOptions,
  { open, snapshot }: Closing,
  leading: AbortSignal,
): Promise<RelayBatch> {
  let confirmed = open.confirmed
  while (!isAt(confirmed.cursor, snapshot)) {
    leading.throwIfAborted()
    const { batch, rows } = await writeIntent(options, { open, snapshot }, confirmed)
    await open.producer.begin({ number: batch.number, token: batch.token })
    if (rows.length > 0) await open.producer.send(rows)
    await open.producer.commit()
    confirmed = batch
  }
  return confirmed
}

function writeIntent(
  { store, batchRows: maxRows, batchBytes: maxBytes }: ClosingOptions,
  { open: { shard, token }, snapshot }: Closing,
  parent: RelayBatch,
): Promise<{ readonly batch: RelayBatch; readonly rows: readonly CapturedRow[] }> {
  return store.guarded({ shard, token, confirmed: parent.number }, async (tx) => {
    const { rows, cursor } = await tx.readPageUntil(parent.cursor, snapshot, { maxRows, maxBytes })
    const parked = rows.length > 0 ? await tx.parkBlocked(rows) : nothing
    const batch = { number: parent.number + 1, token: randomUUID(), parent: parent.token, cursor }
    if (!(await tx.insertBatch(batch))) throw orphaned(shard, batch.number)
    return { batch, rows: rows.filter(({ seq }) => !parked.has(seq)) }
  })
}

function isAt({ from, until }: Cursor, snapshot: string): boolean {
  return until === null && from === snapshot
}
