// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const opening = {
  file: 'packages/core/src/relay/opening.ts',
  spec: 'packages/core/src/relay/opening.unit.spec.ts',
}
const shard = {
  file: 'packages/core/src/relay/shard.ts',
  spec: 'packages/core/src/relay/shard.unit.spec.ts',
}
const table = {
  file: 'packages/core/src/relay/start-up-table.ts',
  spec: 'packages/core/src/relay/start-up-table.unit.spec.ts',
}

/** The order of an opening, and each row of the start-up table. @type {readonly GuardEntry[]} */
export const openingGuards = [
  {
    ...opening,
    name: 'only an absence of the checkpoint topic that lasts is one',
    find: 'lastBatchOf(facts) > 0 && (await appears(options, shards))',
    replace: 'lastBatchOf(facts) > 0 && !appears',
    test: 'does not take a broker that has just come up at its word that a topic is lost',
  },
  {
    ...opening,
    name: 'an absence of the checkpoint topic that lasts is one',
    find: 'while (clock.now() < until)',
    replace: 'while (until)',
    test: 'makes no new topic where one was lost',
  },
  {
    ...opening,
    name: 'the server is looked at before anything else',
    find: '  await store.checkServer()\n',
    replace: '',
    test: 'renames the token, fences, and only then believes the checkpoint',
  },
  {
    ...opening,
    name: 'nobody opens a shard whose lease is another’s',
    find: 'if (!(await store.changeToken({ shard, holder, token }))) throw leaseTaken(shard)',
    replace: 'await store.changeToken({ shard, holder, token })',
    test: 'asks Kafka nothing where the lease is not held any more',
  },
  {
    ...opening,
    name: 'a copied database does not even fence: identity before producer',
    find: '  assertSameIdentity(recorded, identity)\n',
    replace: '',
    test: 'does not even fence where the identity differs',
  },
  {
    ...opening,
    name: 'no checkpoint topic is made where one was lost',
    find: '  assertNoHistory(shard, facts)\n  await publisher.createCheckpointTopic',
    replace: '  await publisher.createCheckpointTopic',
    test: 'makes no new topic where one was lost',
  },
  {
    ...opening,
    name: 'an opening that fails closes its producer',
    find: '    await producer.close()\n',
    replace: '',
    test: 'closes its producer and writes nothing where both sides disagree',
  },
  {
    ...opening,
    name: 'resuming forgets every other batch',
    find: '      await tx.deleteOtherBatches(startUp.from)\n',
    replace: '',
    test: 'forgets the intent behind the checkpoint',
  },
  {
    ...opening,
    spec: 'test/relay/start-up.e2e.spec.ts',
    name: 'an opening that forgets the batches before Kafka’s raises what is confirmed to it',
    find: '      await tx.confirm(startUp.from.number)\n',
    replace: '',
    test: 'Kafka is behind what an opening has found there, and nothing was written since: RELAY_KAFKA_WENT_BACK',
  },
  {
    ...opening,
    name: 'a genesis forgets an earlier one that Kafka never heard of',
    find: '    await tx.deleteOtherBatches(null)\n',
    replace: '',
    test: 'begins again with a new batch 0 where Kafka never heard of the first',
  },
  {
    ...opening,
    name: 'a genesis is in Kafka too',
    find: '  if (genesis) {\n',
    replace: '  if (genesis && confirmed.number > 0) {\n',
    test: 'begins a first time with an empty batch 0 on both sides, and its own topic',
  },
  {
    ...table,
    name: 'row 1: the identity is compared under the guard',
    find: '  assertSameIdentity(facts.recorded, identity)\n',
    replace: '',
    test: 'identity, Kafka:',
  },
  {
    ...table,
    name: 'row 1: a transaction id beyond the server’s stops',
    find: '  assertXidsKnown(shard, facts)\n',
    replace: '',
    test: 'transaction id, Kafka:',
  },
  {
    ...table,
    name: 'row 1: the relay’s name',
    find: "    { what: 'relay name', key: 'relay' },\n",
    replace: '',
    test: 'names the relay name that differs',
  },
  {
    ...table,
    name: 'row 1: the Kafka cluster',
    find: "    { what: 'Kafka cluster', key: 'clusterId' },\n",
    replace: '',
    test: 'names the Kafka cluster that differs',
  },
  {
    ...table,
    name: 'row 1: the PostgreSQL system',
    find: "    { what: 'PostgreSQL system', key: 'systemIdentifier' },\n",
    replace: '',
    test: 'names the PostgreSQL system that differs',
  },
  {
    ...table,
    name: 'rows 2 and 3: no genesis where the database remembers',
    find: '    assertNoHistory(shard, facts)\n',
    replace: '',
    test: 'stops when the database has',
  },
  {
    ...table,
    name: 'rows 2 and 3: what is confirmed counts as history',
    find: 'Math.max(facts.confirmed, ',
    replace: 'Math.max(',
    test: 'stops when the database has a confirmed batch above 0',
  },
  {
    ...table,
    name: 'rows 2 and 3: an intent counts as history',
    find: ', ...facts.batches.map(({ number }) => number)',
    replace: '',
    test: 'stops when the database has a batch above 0',
  },
  {
    ...table,
    name: 'row 4: Kafka is behind what it had acknowledged',
    find: '  if (checkpoint.number < facts.confirmed) throw kafkaWentBack(shard, checkpoint, facts)\n',
    replace: '',
    test: 'stops when it is older than what Kafka had acknowledged, even if the batch is still known',
  },
  {
    ...table,
    name: 'row 5: the database does not know Kafka’s batch',
    find: '  if (!from) throw databaseWentBack(shard, checkpoint)\n',
    replace: "  if (!from) return { kind: 'genesis' }\n",
    test: 'stops when the database has no batch of its number',
  },
  {
    ...table,
    name: 'row 5: an attempt of the same number is another batch',
    find: ' && token === checkpoint.token',
    replace: '',
    test: 'stops when the database has a batch of its number with another token',
  },
  {
    ...table,
    name: 'row 5: a token of another number is another batch',
    find: 'number === checkpoint.number && ',
    replace: '',
    test: 'stops when the database has a batch of its token with another number',
  },
  {
    ...shard,
    name: 'an opening ends in time',
    find: 'await work(await within(opening, { clock, ms, signal: leading, late }))',
    replace: 'void [within, clock, ms, late]\n      await work(await opening)',
    test: 'is an opening that a server does not answer',
  },
]
