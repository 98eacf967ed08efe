// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const core = 'packages/core/src/relay/adopt'
const unit = { spec: `${core}/adopt.unit.spec.ts` }
const run = { ...unit, file: `${core}/adopt.ts` }
const shard = { ...unit, file: `${core}/shard-adoption.ts` }
const sides = { ...unit, file: `${core}/both-sides.ts` }
const fate = { ...unit, file: `${core}/outbox-fate.ts` }
const sql = 'packages/postgres/src/sql'
const store = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const tables = { spec: 'packages/postgres/src/relay/adoption-transaction.int.spec.ts' }
/** The first shard's look for whose outbox it is. */
export const identityLook = {
  find: '    if (shard === firstShard && !(await hasIdentity(store))) throw identityLost(shard)\n',
  replace: '',
}
const watch = { file: 'packages/core/src/relay/watch-confirmed.ts' }
const watchUnit = { ...watch, spec: 'packages/core/src/relay/watch-confirmed.unit.spec.ts' }
const logLook = { ...watchUnit, file: 'packages/core/src/relay/log-look.ts' }
const locate = {
  file: 'packages/kafkajs/src/publisher/locate-messages.ts',
  spec: 'packages/kafkajs/src/publisher/locate-messages.int.spec.ts',
}

/** How an adoption decides what was sent, and what makes it safe to be killed. @type {readonly GuardEntry[]} */
export const adoptGuards = [
  {
    ...watch,
    name: 'a relay with nothing to send notices a standby that was promoted with loss',
    find: '    if (!isInDatabase) throw orphaned(shard, last.number + 1)\n',
    replace: '    void [isInDatabase, orphaned]\n',
    spec: 'test/divergence/postgres.full.spec.ts',
    test: 'a standby that a pooler exchanges',
  },
  {
    ...watch,
    name: 'a relay with nothing to send notices that the log has lost its checkpoint',
    find: '    if (!isInLog) throw cutOff(shard)\n',
    replace: '    void [isInLog, cutOff]\n',
    spec: 'test/divergence/kafka.full.spec.ts',
    test: 'a deleted checkpoint topic: an idle relay notices',
  },
  {
    file: `${core}/fenced-checkpoint.ts`,
    name: 'what a relay fences that was opening the shard is fenced again',
    find: "      if (attempt === tries || !isPigeonholeError(error, 'PRODUCER_FENCED')) throw error\n",
    replace: '      void [attempt, tries, isPigeonholeError]\n      throw error\n',
    spec: 'test/relay/adopt-zombies.matrix.spec.ts',
    test: 'when a relay of the former name was opening the shard, and fences it once more',
  },
  {
    ...unit,
    file: `${core}/fenced-checkpoint.ts`,
    name: 'a shard is not fenced for ever',
    find: 'attempt === tries || ',
    replace: '',
    test: 'fences again what a relay fenced that was opening the shard, and not for ever',
  },
  {
    ...watchUnit,
    name: 'a batch that was confirmed during the look is not taken for lost',
    find: '    if (confirmed() !== last) continue\n    if (!isInDatabase)',
    replace: '    if (!isInDatabase)',
    test: 'is not lost where the next one was confirmed during the look',
  },
  {
    ...watch,
    ...identityLook,
    name: 'an identity that a failover has lost is recorded again',
    spec: 'test/relay/shards.e2e.spec.ts',
    test: 'says whose it is again where a failover has lost that, and the other shards wait for it',
  },
  {
    ...watchUnit,
    name: 'a database that does not say whose it is has not lost it',
    find: 'store.readIdentity().catch(() => undefined)',
    replace: 'store.readIdentity().catch(() => ({ recorded: null }))',
    test: 'is not lost where a side does not answer',
  },
  {
    ...watchUnit,
    name: 'a database that does not answer has lost nothing',
    find: 'store.hasBatch(shard, last).catch(() => true)',
    replace: 'store.hasBatch(shard, last).catch(() => false)',
    test: 'is not lost where a side does not answer',
  },
  {
    ...logLook,
    name: 'a broker that does not answer has lost nothing',
    find: 'this.#answeredAt < leaseMs) return true',
    replace: 'this.#answeredAt < leaseMs) return false',
    test: 'is not lost where a side does not answer',
  },
  {
    ...logLook,
    name: 'a relay with nothing to send says that Kafka refuses to answer',
    find: 'if (clock.now() - this.#answeredAt < leaseMs) return true',
    replace: 'if (error !== undefined) return true',
    test: 'that refuses each look for as long as the lease ends the watch',
  },
  {
    ...logLook,
    name: 'a relay with nothing to send says that Kafka is silent',
    find: 'Math.max(renewMs, this.#answeredAt + leaseMs - clock.now())',
    replace: 'Math.max(renewMs, this.#answeredAt + leaseMs * 1_000 - clock.now())',
    test: 'that does not answer for as long as the lease ends the watch',
  },
  {
    ...watchUnit,
    name: 'Kafka has answered where it has confirmed a batch',
    find: '      log.answered()\n',
    replace: '',
    test: 'has answered where a look is, or a batch is confirmed',
  },
  {
    ...store,
    file: `${sql}/relay-batch/exists.ts`,
    name: 'a batch is there by its token, too',
    find: ' AND token = $3::text',
    replace: ' AND $3::text IS NOT NULL',
    test: 'is there by its number and token',
  },
  {
    file: 'packages/kafkajs/src/publisher/shard-producer.ts',
    spec: 'packages/kafkajs/src/publisher/checkpoint-tail.int.spec.ts',
    name: 'a log that ends before what was committed is cut off',
    find: '(await logEnd(kafka, topic, shard)) > committedAt',
    replace: '(await logEnd(kafka, topic, shard)) >= 0n',
    test: 'is cut off once the topic was made anew',
  },
  {
    ...run,
    name: 'nothing is adopted where both sides agree',
    find: 'shards.every(({ divergence }) => divergence === null)',
    replace: 'shards.every(({ divergence }) => divergence === undefined)',
    test: 'asks and changes nothing where both sides agree',
  },
  {
    ...run,
    name: 'nothing is changed unless it is confirmed',
    find: 'if (!(await options.confirm(report)))',
    replace: 'if ((await options.confirm(report)) === undefined)',
    test: 'shows both sides and changes nothing when it is told not to',
  },
  {
    ...run,
    name: 'an original at work is noticed by its checkpoint',
    find: '      assertUnmoved(shard, checkpoint, adoption.checkpoint)\n',
    replace: '      void [assertUnmoved, checkpoint]\n',
    test: 'stops where the checkpoint moves while it asks',
  },
  {
    ...shard,
    name: 'the snapshot is taken before the renumbering begins',
    find: '      const from = await tx.readSnapshot()\n      await tx.renumberMessages()\n',
    replace: '      await tx.renumberMessages()\n      const from = await tx.readSnapshot()\n',
    test: 'deletes what was sent, puts the rest behind a snapshot from before',
  },
  {
    ...shard,
    name: 'the snapshot is taken by the transaction that renumbers',
    find: '    const batch = await this.#guarded(async (tx) => {\n',
    replace:
      '    const early = await this.#scene.options.store.readSnapshot()\n    const batch = await this.#guarded(async (tx) => {\n',
    also: [{ file: shard.file, find: 'const from = await tx.readSnapshot()', replace: 'const from = early' }],
    test: 'deletes what was sent, puts the rest behind a snapshot from before',
  },
  {
    ...sides,
    name: 'numbers never restart: above what is confirmed',
    find: 'Math.max(confirmed, ...known)',
    replace: 'Math.max(confirmed * 0, ...known)',
    test: 'numbers above confirmed',
  },
  {
    ...sides,
    name: 'numbers never restart: above Kafka’s checkpoint',
    find: '[checkpoint, former, ...batches].map',
    replace: '[former, ...batches].map',
    test: 'numbers above the checkpoint',
  },
  {
    ...sides,
    name: 'numbers never restart: above every batch',
    find: '[checkpoint, former, ...batches].map',
    replace: '[checkpoint, former, batches[0]].map',
    test: 'numbers above a batch',
  },
  {
    ...sides,
    name: 'a kept cursor holds to the rest of the start-up table',
    find: "  return start.kind === 'resume' ? checkpoint : undefined",
    replace: "  return start.kind === 'genesis' ? checkpoint : undefined",
    test: 'changes the identity and nothing else',
  },
  {
    ...run,
    name: 'every shard is held until the identity is written',
    find: '      held.push(adoption)\n',
    replace: '      await held[0]?.close()\n      held.push(adoption)\n',
    test: 'gives up no shard before the identity is written',
  },
  {
    ...run,
    name: 'of what nobody can tell it asks',
    find: 'if (options.undecided === undefined && shards.some',
    replace: "if (options.undecided === 'drop' && shards.some",
    test: 'changes nothing, and asks what becomes of messages',
  },
  {
    ...shard,
    name: 'what was compacted while it asked is asked for again',
    find: 'if (fate.undecided > 0 && this.#scene',
    replace: 'if (fate.undecided < 0 && this.#scene',
    test: 'changes nothing where the log was compacted while it asked',
  },
  {
    ...fate,
    name: 'messages are asked for in lots',
    find: '  while (lot.length < lotRows) {\n',
    replace: '  while (lot.length >= 0) {\n',
    test: 'asks the log for a bounded number of messages at a time',
  },
  {
    ...fate,
    name: 'an absence from another cluster’s log says nothing',
    find: "if (verdict === 'absent' && sameLog)",
    replace: "if (verdict === 'absent')",
    test: 'does not take a message for unsent that another cluster has',
  },
  {
    ...fate,
    name: 'where the log cannot tell, the cursor does',
    find: "if (covered) return 'coveredByCursor'",
    replace: "if (covered) return 'beyondCursor'",
    test: 'deletes what was sent, puts the rest behind a snapshot from before',
  },
  {
    ...tables,
    file: `${sql}/outbox-message/select-unsettled.ts`,
    name: 'a copied cursor says nothing of what this server has numbered',
    find: '$5::bool AND message.xmin::text::numeric = mod(xid::text::numeric, 4294967296)',
    replace: '$5::bool AND false',
    test: 'lets a copied cursor speak of copied rows',
  },
  {
    ...store,
    file: `${sql}/outbox-message/select-unsettled.ts`,
    name: 'of a capture under way, what was not read was not sent',
    find: ' AND seq <= $4::bigint AND',
    replace: ' AND $4::bigint IS NOT NULL AND',
    test: 'takes the part of a capture under way that was read for covered',
  },
  {
    ...tables,
    file: `${sql}/outbox-message/renumber.ts`,
    name: 'an adoption keeps to the buckets of its shard',
    find: "WHERE ${ownedByShard(schema, '$1')}",
    replace: "WHERE ${ownedByShard(schema, '$1')} OR true",
    test: 'keeps to the buckets of its shard',
  },
  {
    ...store,
    file: `${sql}/outbox-message/renumber.ts`,
    name: 'what an adoption leaves lies behind every earlier snapshot',
    find: 'SET xid = pg_current_xact_id()',
    replace: 'SET xid = xid',
    test: 'puts what it leaves behind every earlier snapshot',
  },
  {
    ...locate,
    name: 'what an open transaction hides is not absent',
    file: 'packages/kafkajs/src/publisher/log-partition.ts',
    find: '      if (stable >= end) return end\n',
    replace: '      if (stable >= 0n) return stable\n',
    test: 'waits for a transaction of another producer',
  },
  {
    ...locate,
    name: 'what retention may have deleted is not absent',
    find: '  if (first === 0n) return',
    replace: '  if (first >= 0n) return',
    test: 'says nothing of what may have been deleted',
  },
  {
    ...locate,
    name: 'what compaction may have removed is not absent',
    find: 'const verdict = isCompacted ?',
    replace: 'const verdict = isCompacted && !isComplete ?',
    test: 'cannot tell where the last record of its key may be a later one',
  },
  {
    ...locate,
    name: 'a later message of the key was sent behind it',
    find: "if (place !== undefined && place > own) return 'superseded'",
    replace: "if (place !== undefined && place > own + 9) return 'superseded'",
    test: 'knows that a message was sent where the last record of its key is a later one',
  },
  {
    ...locate,
    name: 'a tombstone that is not there may have been',
    find: 'if (!isFromBefore || message.isTombstone)',
    replace: 'if (!isFromBefore)',
    test: 'cannot tell of a message without a payload',
  },
]
