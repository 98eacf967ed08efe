// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const model = { spec: 'test/model/model.unit.spec.ts', test: 'loses, repeats, invents and reorders nothing' }
const table = { ...model, file: 'packages/core/src/relay/start-up-table.ts' }
const pipeline = { ...model, file: 'packages/core/src/relay/pipeline.ts' }
const memoryRelay = { ...model, file: 'packages/testing/src/memory/memory-relay.ts' }
const memoryTransaction = { ...model, file: 'packages/testing/src/memory/memory-guarded-transaction.ts' }
const server = { ...model, file: 'test/model/model-relay-store.ts' }
const broker = { ...model, file: 'test/model/model-broker.ts' }

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
    name: 'CRASH-ONLY: a commit without an answer is no commit',
    find: '    await producer.commit()\n',
    replace: '    await producer.commit().catch(() => undefined)\n',
  },
  {
    ...model,
    file: 'packages/testing/src/memory/memory-reclaim.ts',
    name: 'DELETE: rows go behind the confirmed cursor alone',
    find: 'database.confirmedCursor(shard)',
    replace: '(database.batchesOf(shard).at(-1)?.cursor ?? null)',
  },
]
