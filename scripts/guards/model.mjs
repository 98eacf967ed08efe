// @ts-check
import { identityLook } from './adopt.mjs'
import { awaited } from './pipeline.mjs'

/** @import { GuardEntry } from '../guards.mjs' */

const model = { spec: 'test/model/model.unit.spec.ts', test: 'loses, repeats, invents and reorders nothing' }
/** @param {string} situation what the histories come to */
const when = (situation) => ({ test: `when ${situation}` })
const table = { ...model, file: 'packages/core/src/relay/start-up-table.ts' }
const pipeline = { ...model, file: 'packages/core/src/relay/pipeline.ts' }
const memoryRelay = { ...model, file: 'packages/testing/src/memory/memory-relay.ts' }
const memoryTransaction = { ...model, file: 'packages/testing/src/memory/memory-guarded-transaction.ts' }
const server = { ...model, file: 'test/model/model-relay-store.ts' }
const parking = { ...model, file: 'packages/core/src/relay/parking/shard-parking.ts' }
const memoryParking = { ...model, file: 'packages/testing/src/memory/memory-parking-transaction.ts' }
const memoryMap = { ...model, file: 'packages/testing/src/memory/memory-shard-map.ts' }
const adoption = { ...model, file: 'packages/core/src/relay/adopt/shard-adoption.ts' }
const fate = { ...model, file: 'packages/core/src/relay/adopt/outbox-fate.ts' }
const broker = { ...model, file: 'test/model/model-broker.ts' }

/** A division at a snapshot that was read outside of every guarded transaction. */
const earlyEnd = {
  file: 'packages/core/src/relay/reshard/reshard.ts',
  find: 'await close(first, ownEnd)',
  replace: 'await close(first, async () => early)',
}

/**
 * The guards of the protocol, taken out of the engine that the model drives, or of the servers where the guard is theirs.
 * docs/spec takes the same ones out of the specification.
 * @type {readonly GuardEntry[]}
 */
export const modelGuards = [
  {
    ...memoryRelay,
    name: 'TOKEN: a relay writes under its own token alone',
    find: 'if (!entry || entry.token !== token) throw leaseLost(shard)',
    replace: 'if (!entry || (entry.token !== token && shard < 0)) throw leaseLost(shard)',
  },
  {
    ...memoryTransaction,
    name: 'PARENT: an intent needs its parent',
    find: 'if (number !== 0 && !this.#batches().some(isParent)) return false',
    replace: 'if (number < 0 && !this.#batches().some(isParent)) return false',
  },
  {
    ...model,
    file: 'packages/core/src/relay/write-batch.ts',
    name: 'INTENT: a batch is in PostgreSQL before it is in Kafka',
    find: 'if (!(await tx.insertBatch(batch))) throw',
    replace: 'if (batch.number < 0 && !(await tx.insertBatch(batch))) throw',
  },
  {
    ...server,
    name: 'FLUSH: the intent’s commit flushes what its page has read',
    find: '        server.flush()\n',
    replace: '',
  },
  {
    ...pipeline,
    name: 'EMPTY: no cursor moves without an intent',
    find: '      return undefined\n    }\n    // Where all of a page',
    replace:
      '      this.#confirmed = { ...parent, cursor: { from: await options.store.readSnapshot(), until: null, lastSeq: "0" } }\n      return undefined\n    }\n    // Where all of a page',
  },
  {
    ...broker,
    name: 'FENCE: a new producer fences its predecessors',
    find: 'if (coordinator.epoch !== epoch) throw',
    replace: 'if (coordinator.epoch < epoch) throw',
  },
  {
    ...broker,
    name: 'SETTLE: a predecessor’s transaction is settled before the checkpoint is read',
    find: '    this.#settle(coordinator)\n    coordinator.epoch += 1',
    replace: '    coordinator.epoch += 1',
  },
  {
    ...broker,
    name: 'BARRIER: the checkpoint is read past the session record',
    find: "    this.begin(shard, epoch, 'session')\n    this.commit(shard, epoch)\n    this.writeMarkers()\n",
    replace: '    this.#owned(shard, epoch)\n',
  },
  {
    ...table,
    name: 'IDENTITY: a copied database is told from the original',
    find: '  if (!recorded) return\n',
    replace: '  if (recorded || !recorded) return\n',
  },
  {
    ...table,
    name: 'CONFIRMED: Kafka is not behind what it had acknowledged',
    find: 'if (checkpoint.number < facts.confirmed) throw',
    replace: 'if (checkpoint.number < 0) throw',
  },
  {
    ...table,
    name: 'KNOWN: the database knows Kafka’s batch',
    find: '  if (!from) throw databaseWentBack(shard, checkpoint)\n',
    replace: "  if (!from) return { kind: 'genesis' }\n",
  },
  {
    ...table,
    name: 'ATTEMPT: two attempts at one number are told apart',
    find: ' && token === checkpoint.token',
    replace: '',
  },
  {
    ...table,
    name: 'HISTORY: no genesis where the database remembers',
    find: '    assertNoHistory(shard, facts)\n',
    replace: '',
  },
  {
    ...pipeline,
    name: 'AWAITED: Kafka’s commit waits for the intent’s',
    find: awaited.find,
    replace: awaited.replace,
  },
  {
    ...model,
    file: 'packages/core/src/relay/batch-sending.ts',
    name: 'CRASH-ONLY: a commit without an answer is no commit',
    find: '    await this.#producer.commit()\n',
    replace: '    await this.#producer.commit().catch(() => undefined)\n',
  },
  {
    ...model,
    file: 'packages/testing/src/memory/memory-reclaim.ts',
    name: 'DELETE: rows go behind the confirmed cursor alone',
    find: 'database.confirmedCursor(shard)',
    replace: '(database.batchesOf(shard).at(-1)?.cursor ?? null)',
  },
  {
    ...model,
    file: 'packages/core/src/relay/parking/fault.ts',
    name: 'ROW: only a record that is alone is parked',
    find: "return rows.length === 1 ? { kind: 'record', batch, row, error } : 'divide'",
    replace: "return { kind: 'record', batch, row, error }",
  },
  {
    ...pipeline,
    name: 'FIRST: a fault is settled before anything is read',
    find: '    await untilAborted(this.#settle(), leading)\n    let ahead = this.#prepare(this.#confirmed)\n',
    replace:
      '    let ahead = this.#prepare(this.#confirmed)\n    await untilAborted(ahead, leading)\n    await untilAborted(this.#settle(), leading)\n',
  },
  {
    ...pipeline,
    name: 'SIFT: what follows a parked message is parked',
    find: 'await this.#parking.sift(tx, page.rows)',
    replace: '{ rows: page.rows, announce: () => undefined }',
  },
  {
    ...memoryParking,
    name: 'OLDEST: a release begins with the oldest',
    find: 'of this.#parked.messages.filter((entry) => this.#isDue(entry))',
    replace: 'of this.#parked.messages.filter((entry) => this.#isDue(entry)).reverse()',
  },
  {
    ...parking,
    name: 'PLACE: a release moves no cursor',
    find: 'parent, cursor: parent.cursor, releases }',
    replace:
      'parent, cursor: { from: await (this.#parts.store as RelayStore).readSnapshot(), until: null, lastSeq: "0" }, releases }',
  },
  {
    ...parking,
    name: 'KEPT: a message is parked until its release is confirmed',
    find: '    return { batch, rows, announce: () => undefined }\n',
    replace: '    return { batch, rows, announce: await this.#apply(tx, releases) }\n',
  },
  {
    ...memoryParking,
    name: 'STAYS: a key stays blocked until all of it is confirmed',
    find: 'this.#parked.keys.filter((blocked) => !this.#parked.hasMessages(blocked))',
    replace: 'this.#parked.keys',
  },
  {
    ...parking,
    name: 'OFF: a release is taken off before the next is read',
    find: 'return this.#apply(tx, batch.releases ?? [])',
    replace: 'return () => undefined',
  },
  {
    ...memoryMap,
    name: 'ORIGIN: a new shard begins behind the snapshot',
    find: 'origin: snapshot }',
    replace: 'origin: null }',
  },
  {
    ...model,
    ...when('a relay sends while an operator begins to divide the outbox'),
    file: 'packages/core/src/relay/reshard/reshard.ts',
    name: 'OPENED: the snapshot is read when every shard is open',
    find: '  const open = await held.open()\n',
    replace: '  const early = await store.readSnapshot()\n  const open = await held.open()\n',
    also: [earlyEnd],
  },
  {
    ...model,
    ...when('a server crashes while an operator divides the outbox'),
    file: 'packages/core/src/relay/reshard/reshard.ts',
    name: 'the snapshot of a division is flushed by the transaction that reads it',
    find: '  // Shard 0 is in every map.\n',
    replace: '  const early = await store.readSnapshot()\n',
    also: [earlyEnd],
  },
  {
    ...fate,
    name: 'LOG: the log decides what was sent',
    find: "if (verdict === 'logged' || verdict === 'superseded') return verdict",
    replace: "if (verdict === 'superseded') return verdict",
  },
  {
    ...model,
    file: 'packages/core/src/relay/adopt/adopt.ts',
    name: 'LAST: the identity is recorded last',
    find: '      held.push(adoption)\n',
    replace: '      held.push(adoption)\n      await adoption.writeIdentity()\n',
  },
  {
    ...model,
    file: 'packages/core/src/relay/adopt/both-sides.ts',
    name: 'NUMBER: numbers never restart',
    find: 'return Math.max(confirmed, ...known) + 1',
    replace: 'return Math.min(1, confirmed, ...known) + 1',
  },
  {
    ...fate,
    name: 'SAMELOG: an absence from another cluster’s log says nothing',
    find: "if (verdict === 'absent' && sameLog)",
    replace: "if (verdict === 'absent' && (sameLog || verdict))",
  },
  {
    ...fate,
    name: 'CURSOR: where the log cannot tell, the cursor does',
    find: "if (covered) return 'coveredByCursor'",
    replace: "if (covered) return 'beyondCursor'",
  },
  {
    ...adoption,
    name: 'RENUMBER: what is left lies behind the new cursor',
    find: '      await tx.renumberMessages()\n',
    replace: '',
  },
  {
    ...adoption,
    ...when('messages are published while an operator renumbers the others'),
    name: 'BEFORE: the snapshot is taken before the renumbering begins',
    find: '      const from = await tx.readSnapshot()\n      await tx.renumberMessages()\n',
    replace: '      await tx.renumberMessages()\n      const from = await tx.readSnapshot()\n',
  },
  {
    ...parking,
    ...when('a refused record is sent by another relay before it is parked'),
    name: 'SINCE: a record is parked only where nobody else has gone on',
    find: '    if (confirmed.token !== batch.parent) return () => undefined\n',
    replace: '    void confirmed\n',
    also: [
      {
        file: 'packages/core/src/relay/shard.ts',
        find: '    this.#search.forget() // Another process may have settled it.\n',
        replace: '',
      },
    ],
  },
  {
    ...model,
    ...when('a relay goes away behind the commit of a release'),
    file: 'packages/core/src/relay/opening.ts',
    name: 'OPENING: an opening takes off what Kafka has confirmed',
    find: '      if (startUp.from.releases) await tx.applyReleases(startUp.from.releases)\n',
    replace: '',
  },
  {
    ...model,
    ...when('an operator discards what is on its way'),
    file: 'packages/testing/src/memory/memory-parking-store.ts',
    name: 'DISCARD: what may be on its way is not discarded',
    find: '.filter(({ number }) => number > confirmed)',
    replace: '.filter(({ number }) => number < confirmed)',
  },
  {
    ...memoryMap,
    ...when('two operators divide the outbox'),
    name: 'EVERY: the map changes only where every owner is closed',
    find: '  if (map.some(({ shard, buckets }) => buckets !== null && !numbers.includes(shard))) return false\n',
    replace: '  void numbers\n',
  },
  {
    ...memoryMap,
    ...when('a relay takes over from an operator who stands still'),
    name: 'HELD: every shard is still held when the map changes',
    find: 'entry?.token !== token || ',
    replace: '!entry || entry.token === token.repeat(2) || ',
  },
  {
    ...memoryMap,
    ...when('messages are left while the outbox is divided'),
    name: 'ENDS: every shard has sent what the snapshot has',
    find: 'cursor?.from !== snapshot || cursor.until !== null',
    replace: 'cursor?.from === undefined',
    also: [
      {
        file: 'packages/core/src/relay/reshard/close-shard.ts',
        find: 'if (isAt(batch.cursor, snapshot)) return',
        replace: 'if (batch) return',
      },
    ],
  },
  {
    ...memoryMap,
    ...when('messages are published while shards are closed'),
    name: 'SNAPSHOT: all shards end at one snapshot',
    find: 'cursor?.from !== snapshot || ',
    replace: 'cursor?.from === undefined || ',
    also: [
      {
        file: 'packages/core/src/relay/reshard/reshard.ts',
        find: 'close(shard, endOf(end))',
        replace: 'close(shard, ownEnd)',
      },
    ],
  },
  {
    ...model,
    ...when('a relay opens while an operator adopts'),
    file: 'packages/core/src/relay/adopt/forced-lease.ts',
    name: 'FORCED: a relay at work writes nothing any more',
    find: '      await store.seizeLease(own)\n',
    replace:
      '      const found = await store.readLease(this.#shard)\n' +
      '      if (found?.token) {\n        Object.assign(this, { token: found.token })\n        return\n      }\n' +
      '      await store.seizeLease(own)\n',
  },
  {
    ...model,
    ...when('the outbox moves to another system and another cluster'),
    file: 'packages/testing/src/memory/memory-adoption-transaction.ts',
    name: 'OWN: a copied cursor says nothing of what this server has numbered',
    find: ' && !(copied && numberedBy === this.#database.systemIdentifier)',
    replace: ' && (!copied || numberedBy !== undefined)',
  },
  {
    ...pipeline,
    ...when('a standby takes over while a page becomes an intent'),
    name: 'PAGE: page and intent share one guarded transaction',
    find: awaited.find,
    replace:
      'await this.#guarded((before) =>\n' +
      '      before.readPage(parent.cursor, {\n' +
      '        maxRows: this.#parts.search.size.rows,\n' +
      '        maxBytes: this.#parts.options.batchBytes,\n' +
      '      }),\n' +
      '    ).then((page) =>\n' +
      '      this.#guarded((tx, confirmed) =>\n' +
      '        this.#writeIntent(Object.create(tx, { readPage: { value: async () => page } }), { parent, confirmed }),\n' +
      '      ),\n' +
      '    )',
  },
  {
    ...model,
    ...when('a standby takes over from under a relay at rest, and the cluster is another one'),
    file: 'packages/core/src/relay/cleaner.ts',
    name: 'REST: the batch that the database knows to be confirmed stays where a failover has lost the next',
    find: '    if (!isThere) throw orphaned',
    replace: '    if (isThere === undefined) throw orphaned',
  },
  {
    ...model,
    ...when('a log loses a batch behind which an opening has cleared up'),
    file: 'packages/core/src/relay/opening.ts',
    name: 'RAISED: an opening that forgets the batches before Kafka’s raises what is confirmed to it',
    find: '      await tx.confirm(startUp.from.number)\n',
    replace: '',
  },
  {
    ...memoryTransaction,
    ...when('a shard goes past the messages of others'),
    name: 'PASSED: a cursor passes over no message of its own',
    find: 'return own.length > 0 ? null : { from',
    replace: 'return own.length < 0 ? null : { from',
  },
  {
    ...model,
    ...identityLook,
    ...when('a standby takes over that has batch 0, and not whose outbox it is'),
    file: 'packages/core/src/relay/watch-confirmed.ts',
    name: 'SAID: an identity that a failover has lost is recorded again',
  },
]
