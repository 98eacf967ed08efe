// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const publisher = 'packages/kafkajs/src/publisher'
const rules = { spec: `${publisher}/kafkajs-rules.int.spec.ts` }
const suite = { spec: 'test/kafkajs/relay-publisher.int.spec.ts' }
const producer = { ...rules, file: `${publisher}/transactional-producer.ts` }
const shardProducer = { ...rules, file: `${publisher}/shard-producer.ts` }
const tail = { file: `${publisher}/checkpoint-tail.ts`, spec: `${publisher}/checkpoint-tail.int.spec.ts` }
const topic = { file: `${publisher}/checkpoint-topic.ts`, spec: `${publisher}/checkpoint-topic.int.spec.ts` }
const requests = {
  file: `${publisher}/produce-requests.ts`,
  spec: `${publisher}/produce-requests.unit.spec.ts`,
}
const encoding = {
  file: 'packages/kafkajs/src/produce-encoding/own-encoding.ts',
  spec: 'packages/kafkajs/src/produce-encoding/own-encoding.unit.spec.ts',
}
const coordinator = { ...rules, file: `${publisher}/transaction-coordinator.ts` }
const refusals = {
  file: `${publisher}/partition-refusals.ts`,
  spec: `${publisher}/partition-refusals.unit.spec.ts`,
}
const admin = {
  file: `${publisher}/admin-connection.ts`,
  spec: `${publisher}/admin-connection.int.spec.ts`,
}
const placement = { file: `${publisher}/placement.ts`, spec: `${publisher}/placement.unit.spec.ts` }

/** The rules for kafkajs's producer, and how a checkpoint is read. @type {readonly GuardEntry[]} */
export const publisherGuards = [
  {
    ...producer,
    name: 'kafkajs repeats no send',
    find: '    retry: { retries: 0 },\n',
    replace: '',
    test: 'retries off: a send whose answer is lost goes out once and is rejected',
  },
  {
    ...shardProducer,
    spec: tail.spec,
    name: 'what is not committed everywhere yet is not lost',
    find: ' || (await logEnd(kafka, topic, shard)) > committedAt',
    replace: ' && logEnd !== undefined',
    test: 'is whole where a transaction that has not ended hides the last batch',
  },
  {
    ...coordinator,
    name: 'CONCURRENT_TRANSACTIONS is tried again after 1 ms',
    find: 'const concurrentPauseMs = 1\n',
    replace: 'const concurrentPauseMs = 300\n',
    test: 'CONCURRENT_TRANSACTIONS is tried again after 1 ms, and no send is',
  },
  {
    ...coordinator,
    name: 'CONCURRENT_TRANSACTIONS is tried again',
    find: 'if (!isConcurrent || !deadline || deadline.passed) throw error',
    replace: 'if (isConcurrent || !deadline || deadline.passed) throw error',
    test: 'CONCURRENT_TRANSACTIONS is tried again after 1 ms, and no send is',
  },
  {
    ...coordinator,
    spec: `${publisher}/transaction-coordinator.unit.spec.ts`,
    name: 'no other refusal is tried again',
    find: 'if (!isConcurrent || !deadline || deadline.passed) throw error',
    replace: 'if ((!isConcurrent && !deadline) || !deadline || deadline.passed) throw error',
    test: 'gives up at the deadline of the step, and at any other refusal',
  },
  {
    ...coordinator,
    spec: `${publisher}/transaction-coordinator.unit.spec.ts`,
    name: 'each transaction names its own partitions',
    find: '        this.#named.clear()\n',
    replace: '',
    test: 'names everything anew in the next transaction',
  },
  {
    ...coordinator,
    name: 'a coordinator is asked for once',
    find: '        this.#nodeId = broker.nodeId\n',
    replace: '',
    test: 'a batch takes three requests where one broker leads all partitions',
  },
  {
    ...coordinator,
    spec: `${publisher}/several-leaders.int.spec.ts`,
    name: 'all partitions of a batch are named at once',
    find: '    this.#planned = partitions\n',
    replace: '    void partitions\n',
    test: 'is named to the coordinator in one request, before any broker has a record of it',
  },
  {
    ...shardProducer,
    name: 'the checkpoint rides with the first records',
    find: 'return withCheckpoint(requests, checkpoint)',
    replace: 'return [...withCheckpoint([], checkpoint), ...requests]',
    test: 'the checkpoint rides with the first records, and goes alone where there are none',
  },
  {
    ...shardProducer,
    name: 'a batch without records has its checkpoint',
    find: '      if (this.#checkpoint) await this.#sendRows([], { doing, deadline })\n',
    replace: '',
    test: 'the checkpoint rides with the first records, and goes alone where there are none',
  },
  {
    ...shardProducer,
    name: 'a checkpoint is not compressed',
    find: '    const codec = records.length > 0 ? { compression } : {}\n',
    replace: '    const codec = { compression }\n',
    test: 'a checkpoint is not compressed: who opens the shard next may not have the codec',
  },
  {
    ...shardProducer,
    spec: 'test/kafkajs/access.int.spec.ts',
    name: 'what is refused for the checkpoint is no fault of the records beside it',
    find: 'refused.some(({ topic }) => topic === checkpointTopic)',
    replace: 'refused.some(({ topic }) => topic === String(shard))',
    test: 'is told that it is the checkpoint topic, and not the one of the records beside it',
  },
  {
    ...refusals,
    name: 'a partition that only shared the request with the refused one is not blamed',
    find: 'return errorCode !== 0 && errorCode !== operationNotAttempted',
    replace: 'return errorCode !== 0',
    test: 'takes the refusal of one partition for what it is',
  },
  {
    ...admin,
    name: 'a client ends behind its last use',
    find: '    await Promise.allSettled(this.#uses)\n',
    replace: '',
    test: 'leaves nothing open where one use fails while another is under way',
  },
  {
    ...admin,
    name: 'a client that is cut off ends again behind what was under way',
    find: '    await this.end()\n',
    replace: '',
    test: 'leaves nothing open where it is closed while a use is under way',
  },
  {
    ...placement,
    name: 'a record without a key goes where its id says, at every try',
    find: 'row.key ?? Buffer.from(row.id)',
    replace: 'row.key ?? Buffer.from(String(Math.random()))',
    test: 'places a row without a key by its id',
  },
  {
    ...rules,
    file: `${publisher}/placement.ts`,
    name: 'the partition is settled before the first try',
    find: 'row.key ?? Buffer.from(row.id)',
    replace: 'row.key ?? Buffer.from(String(Math.random()))',
    test: 'the partition is settled before the first try: a record without a key lies where its id says',
  },
  {
    ...placement,
    name: 'a partition that does not exist is refused',
    find: '    if (isBeyond(row))\n',
    replace: '    if (isBeyond(row) && count === 0)\n',
    test: 'looks again before it refuses a partition beyond the last',
  },
  {
    ...shardProducer,
    name: 'what kafkajs drops in silence is missed',
    find: '      if (missing.length > 0) throw',
    replace: '      if (missing.length > acknowledged.length + records.length) throw',
    test: 'the metadata cover every partition: records that kafkajs drops in silence are missed',
  },
  {
    ...requests,
    name: 'an acknowledgement with an error is none',
    find: '    if (errorCode === 0) missing',
    replace: '    if (errorCode !== undefined) missing',
    test: 'names what is not, and what was answered with an error',
  },
  {
    ...requests,
    name: 'requests keep to their size',
    find: 'batch.bytes > batchOverhead && batch.bytes + record.bytes > maxBytes',
    replace: 'batch.bytes + record.bytes < 0',
    spec: rules.spec,
    test: 'requests stay under max.message.bytes: a batch that is larger is divided',
  },
  {
    ...requests,
    name: 'the size of a request counts for each partition',
    find: 'const place = placeOf(record)',
    replace: 'const place = placeOf(record).slice(0, 0)',
    test: 'sends everything in one request while each partition has room for its own',
  },
  {
    ...shardProducer,
    ...suite,
    name: 'a producer that is broken answers nothing',
    find: 'if (this.#broken || this.#closing.signal.aborted)',
    replace: 'if (this.#closing.signal.aborted)',
    test: 'answers nothing after a rejection',
  },
  {
    ...tail,
    name: 'the session barrier: everything before it is settled',
    find: 'const readCommitted = 1',
    replace: 'const readCommitted = 0',
    test: 'waits until every transaction before its session is settled, and gives up at its deadline',
  },
  {
    ...tail,
    file: `${publisher}/shard-producer.ts`,
    name: 'the partition has to reach as far as the last checkpoint',
    find: '      this.#noteCheckpoint(acknowledged)\n',
    replace: '',
    test: 'is cut off once the topic was made anew',
  },
  {
    ...tail,
    name: 'an aborted checkpoint is none',
    find: 'offset >= from && !record.isControlRecord && String(record.key) === checkpointKey',
    replace: 'offset >= from && String(record.key) === checkpointKey',
    test: 'never reads an aborted checkpoint, whoever wrote it',
  },
  {
    ...tail,
    spec: 'test/kafkajs/access.int.spec.ts',
    name: 'a reader of checkpoints that is not allowed to is told so, and does not wait for its deadline',
    find: ' || (refusal && isAccessRefusal(refusal))) throw error',
    replace: ' || (refusal && isAccessRefusal === undefined)) throw error',
    test: 'is told that it is not allowed to read the checkpoint topic, and not only at the deadline',
  },
  {
    ...tail,
    name: 'the session is found where it was written',
    find: '          this.#assertSession(record)\n',
    replace: '',
    test: 'refuses a partition in which its session is not where it was written',
  },
  {
    ...tail,
    name: 'no checkpoint near the end: back to the start of the partition',
    find: '(await this.#lastCheckpointFrom(near)) ?? (await this.#lastCheckpointFrom(first))',
    replace: 'await this.#lastCheckpointFrom(near)',
    test: 'goes back to the start where there is no checkpoint near the end',
  },
  {
    ...tail,
    name: 'the start of a partition is where its records begin by now',
    find: 'return BigInt(offsets?.partitions[0]?.offset ?? 0)',
    replace: 'return BigInt(offsets ? 0 : 0)',
    test: 'starts at the first record that is still there',
  },
  {
    ...tail,
    file: `${publisher}/checkpoint-record.ts`,
    name: 'a checkpoint of a later version is not guessed at',
    find: "  if (parsed?.['v'] !== version)\n",
    replace: "  if (parsed?.['v'] === undefined)\n",
    test: 'refuses a checkpoint of a later version',
  },
  {
    ...topic,
    name: 'a checkpoint topic whose checkpoints expire is refused',
    find: '      assertCompacted(topic, await cleanupPolicyOf(admin, topic))\n',
    replace: '',
    test: 'is refused with cleanup.policy=',
  },
  {
    ...topic,
    ...suite,
    name: 'a checkpoint topic has a partition for each shard',
    find: '      if (partitions < shards)\n',
    replace: '      if (partitions < 1)\n',
    test: 'creates the checkpoint topic once, with a partition for each shard',
  },
  {
    ...encoding,
    name: 'a Produce request of a version that is not known is encoded by kafkajs',
    find: ' || apiVersion > versions.last',
    replace: '',
    test: 'leaves a version that is not known to kafkajs',
  },
  {
    ...encoding,
    name: 'a Produce request with compression is encoded by kafkajs',
    find: ' || produced.compression)',
    replace: ')',
    test: 'leaves a request with compression to kafkajs',
  },
  {
    file: 'packages/kafkajs/src/publisher/placement.ts',
    spec: 'packages/kafkajs/src/publisher/placement.unit.spec.ts',
    name: 'no record goes to a topic in which a relay keeps its checkpoints',
    find: '  if (reserved)',
    replace: '  if (reserved && !partitions)',
    test: 'refuses a row for a topic in which a relay keeps its checkpoints',
  },
  {
    file: `${publisher}/admin-connection.ts`,
    spec: `${publisher}/admin-connection.int.spec.ts`,
    name: 'a connection that is silent is given up, and another one is made',
    find: 'new Deadline(this.#timeoutMs).race(client.use(work), late)',
    replace: 'new Deadline(this.#timeoutMs * 1_000).race(client.use(work), late)',
    test: 'gives up what a silent connection does not answer',
  },
]
