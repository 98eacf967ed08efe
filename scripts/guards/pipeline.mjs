// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const pipeline = {
  file: 'packages/core/src/relay/pipeline.ts',
  spec: 'packages/core/src/relay/pipeline.unit.spec.ts',
}
const sending = { ...pipeline, file: 'packages/core/src/relay/batch-sending.ts' }
const writeBatch = {
  file: 'packages/core/src/relay/write-batch.ts',
  spec: 'packages/core/src/relay/pipeline.unit.spec.ts',
}
const cleaner = {
  file: 'packages/core/src/relay/cleaner.ts',
  spec: 'packages/core/src/relay/cleaner.unit.spec.ts',
}

/** A batch counts as prepared before the transaction with its intent is committed. */
export const awaited = {
  file: pipeline.file,
  find: 'await this.#guarded((tx, confirmed) => this.#writeIntent(tx, { parent, confirmed }))',
  replace:
    'await new Promise<PreparedBatch | undefined>((resolve, reject) => {\n' +
    '      const written = async (tx: GuardedTransaction, confirmed: RelayBatch): Promise<void> =>\n' +
    '        resolve(await this.#writeIntent(tx, { parent, confirmed }))\n' +
    '      this.#guarded(written).catch(reject)\n' +
    '    })',
}

/** From the page to the acknowledged commit, and what is deleted behind it. @type {readonly GuardEntry[]} */
export const pipelineGuards = [
  {
    file: 'packages/core/src/relay/cleaner.ts',
    spec: 'packages/core/src/relay/pipeline.unit.spec.ts',
    name: 'nothing is deleted at rest where the database has lost the confirmed batch',
    find: '    if (!isThere) throw orphaned',
    replace: '    if (isThere === undefined) throw orphaned',
    test: 'is not deleted where the database has lost it',
  },
  {
    ...pipeline,
    name: 'page and intent share one guarded transaction',
    find: 'await writeBatch(tx, { shard: open.shard, parent, cursor: page.cursor })',
    replace:
      'await this.#guarded((other) => writeBatch(other, { shard: open.shard, parent, cursor: page.cursor }))',
    test: 'is read and intended in one guarded transaction, then sent with its checkpoint first',
  },
  {
    ...writeBatch,
    name: 'an intent without its parent sends nothing',
    find: '  if (!(await tx.insertBatch(batch))) throw orphaned(shard, batch.number)\n',
    replace: '  await tx.insertBatch(batch)\n  void orphaned\n',
    test: 'sends nothing of an intent whose parent is gone',
  },
  {
    ...writeBatch,
    name: 'an intent names its predecessor',
    find: 'parent: parent.token, ...held }',
    replace: 'parent: `${parent.token}?`, ...held }',
    test: 'has its predecessor as its parent',
  },
  {
    ...pipeline,
    name: 'no rows, no batch',
    find: 'if (page.rows.length === 0) {',
    // Not always: it would go on with empty batches for ever.
    replace: 'if (page.rows.length === 0 && parent.number > 0) {',
    test: 'leaves no batch without rows',
  },
  {
    ...pipeline,
    file: 'packages/core/src/relay/write-passage.ts',
    name: 'messages of others that no snapshot passes over halt',
    find: '  assertXidsKnown(shard, await tx.readFacts())\n',
    replace: '',
    test: 'stops at messages of others that another server has numbered',
  },
  {
    ...pipeline,
    name: 'what others publish wakes no shard',
    find: "if (found === 'messages') poll.wake()",
    replace: "if (found !== 'nothing') poll.wake()",
    test: 'does not look more often because others publish',
  },
  {
    ...pipeline,
    name: 'messages that no page holds halt',
    find: '      assertXidsKnown(open.shard, await tx.readFacts())\n',
    replace: '',
    test: 'stops at messages that another server has numbered, instead of looking at them for ever',
  },
  {
    ...pipeline,
    name: 'Kafka’s commit waits for the intent’s',
    find: awaited.find,
    replace: awaited.replace,
    test: 'commits nothing in Kafka whose intent it does not know to be committed',
  },
  {
    ...pipeline,
    spec: 'test/relay/intent.int.spec.ts',
    name: 'Kafka’s commit waits for the intent’s, on real servers',
    find: awaited.find,
    replace: awaited.replace,
    test: 'Kafka commits no batch whose intent is not committed',
  },
  {
    ...sending,
    name: 'the checkpoint opens the Kafka transaction',
    find: '  await producer.begin({ number: batch.number, token: batch.token })\n  if (rows.length > 0) await producer.send(rows)\n',
    replace:
      '  await producer.send(rows)\n  await producer.begin({ number: batch.number, token: batch.token })\n',
    test: 'is read and intended in one guarded transaction, then sent with its checkpoint first',
  },
  {
    ...sending,
    name: 'the commit waits until every record is acknowledged',
    find: 'await producer.send(rows)',
    replace: 'void producer.send(rows)',
    spec: 'packages/core/src/relay/shard.unit.spec.ts',
    test: 'finishes what is in flight when it is told to stop reading',
  },
  {
    ...pipeline,
    name: 'no Kafka transaction begins beside another one',
    find: 'parent === this.#confirmed ? this.#send',
    replace: 'parent !== undefined ? this.#send',
    test: 'intends one batch ahead, and begins it only after the one before is acknowledged',
  },
  {
    ...sending,
    name: 'the next Kafka transaction waits for the commit’s answer',
    find: 'await this.#producer.commit()',
    replace: 'void this.#producer.commit()',
    test: 'intends one batch ahead, and begins it only after the one before is acknowledged',
  },
  {
    ...pipeline,
    name: 'a lost shard drops what is in flight',
    find: 'await untilAborted(this.#publish(prepared, prepared.sending), leading)',
    replace: 'await this.#publish(prepared, prepared.sending)',
    test: 'drops what is in flight when the shard is no longer its own',
  },
  {
    ...pipeline,
    name: 'a stop ends the reading',
    find: 'while (!sending.aborted) {',
    replace: 'for (let looks = 0; looks === 0 || !sending.aborted; looks++) {',
    test: 'sends what is intended and reads nothing more when it is told to stop reading',
  },
  {
    ...pipeline,
    name: 'confirmed is what Kafka has acknowledged',
    find: '    const durationMs = await commitTraced(sending, this.#toldOf(rows))\n    this.#confirmed = batch\n',
    replace:
      '    this.#confirmed = batch\n    const durationMs = await commitTraced(sending, this.#toldOf(rows))\n',
    test: 'does not include a batch whose commit is not answered',
  },
  {
    ...pipeline,
    name: 'nothing is deleted behind an intent',
    find: 'await this.#cleaner.clean(tx, confirmed)\n    return { batch, rows, announce, sending }',
    replace: 'await this.#cleaner.clean(tx, batch)\n    return { batch, rows, announce, sending }',
    test: 'does not include an intent',
  },
  {
    ...pipeline,
    name: 'what a transaction notes and what it deletes go by one batch',
    find: 'await this.#cleaner.clean(tx, confirmed)\n    return { batch, rows, announce, sending }',
    replace: 'await this.#cleaner.clean(tx, this.#confirmed)\n    return { batch, rows, announce, sending }',
    test: 'is one batch for all of a transaction, also when Kafka acknowledges the next meanwhile',
  },
  {
    ...cleaner,
    name: 'the batches below the confirmed one go, and no others',
    find: 'tx.deleteBatchesBelow(confirmed.number)',
    replace: 'tx.deleteBatchesBelow(confirmed.number + 1)',
    test: 'deletes the intents below the confirmed batch',
  },
]
