// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const spec = 'packages/core/src/relay/parking/parking.unit.spec.ts'
const pipeline = { file: 'packages/core/src/relay/pipeline.ts', spec }
const opening = { file: 'packages/core/src/relay/opening.ts', spec }
const search = { file: 'packages/core/src/relay/parking/fault-search.ts', spec }
const parking = { file: 'packages/core/src/relay/parking/shard-parking.ts', spec }
const fault = { file: 'packages/core/src/relay/parking/fault.ts', spec }

/** @param {string} file */
const sql = (file) => ({
  file: `packages/postgres/src/sql/${file}.ts`,
  spec: 'test/postgres/postgres-store.int.spec.ts',
})

/** That a key is bounded from both sides. */
const bounded = {
  find: 'sha256(${message}.key) >= ${blocked}.key_digest AND sha256(${message}.key) <= ${blocked}.key_digest',
  replace: 'sha256(${message}.key) = ${blocked}.key_digest',
}

/** What cannot be sent, and what follows it. @type {readonly GuardEntry[]} */
export const parkingGuards = [
  {
    spec: 'test/postgres/postgres-store.int.spec.ts',
    file: 'prisma/migrations/20261127000000_pigeonhole_keys_of_any_length/migration.sql',
    name: 'a record of a key that no index takes is parked',
    find: '"topic", (sha256("key")), "id"',
    replace: '"topic", "key", "id"',
    test: 'takes a key of any length, and what follows on it, and no other one',
  },
  {
    ...pipeline,
    name: 'what is blocked is taken out of every page',
    find: 'await this.#parking.sift(tx, page.rows)',
    replace: '{ rows: page.rows, announce: () => undefined }',
    test: 'takes what follows on it out of the page',
  },
  {
    ...pipeline,
    name: 'a fault is settled before anything is read',
    find: '    await untilAborted(this.#settle(), leading)\n',
    replace: '    void this.#settle\n',
    test: 'is paused: its messages are parked, others flow',
  },
  {
    ...pipeline,
    name: 'nothing is read ahead of a release',
    find: '          if (due) sending.abort()\n',
    replace: '',
    test: 'reads nothing ahead of it, also when a batch is on its way',
  },
  {
    ...parking,
    name: 'pages come between releases',
    find: 'turn < releasesInARow',
    replace: 'releasesInARow > 0',
    test: 'lets a page pass after a few batches',
  },
  {
    ...parking,
    name: 'released messages are off the parked ones before more is read',
    find: 'return this.#apply(tx, batch.releases ?? [])',
    replace: 'return () => undefined',
    test: 'takes each off before the next',
  },
  {
    ...opening,
    name: 'an opening applies what Kafka has confirmed of a release',
    find: '      if (startUp.from.releases) await tx.applyReleases(startUp.from.releases)\n',
    replace: '',
    test: 'that Kafka has committed is taken off by the next opening',
  },
  {
    ...search,
    name: 'a topic fault is no reason to wait',
    find: "return found !== undefined && found !== 'slow'",
    replace: "return found === 'divide'",
    test: 'is paused: its messages are parked, others flow, and the shard does not wait',
  },
  {
    ...parking,
    name: 'a record is parked only where nobody else has gone on',
    find: '    if (confirmed.token !== batch.parent) return () => undefined\n',
    replace: '    void confirmed\n',
    test: 'is not parked where another relay has gone on meanwhile',
  },
  {
    ...parking,
    name: 'nothing parked, no look',
    find: '    if (!this.#parked) return false\n',
    replace: '',
    test: 'costs nothing where nothing is parked',
  },
  {
    ...fault,
    name: 'only a record that is alone is parked',
    find: "return rows.length === 1 ? { kind: 'record', batch, row, error } : 'divide'",
    replace: "return { kind: 'record', batch, row, error }",
    test: 'is on a record that is alone, and divides others',
  },
  {
    ...fault,
    name: 'a topic of the relay’s own is not paused',
    find: '!topics.every((each) => own.has(each))',
    replace: 'own.size === 0',
    test: 'is on no message for what is the relay’s own',
  },
  {
    ...sql('parked-message/release'),
    name: 'a key stays blocked until all of it is confirmed',
    find: 'AND NOT ${hasMessage(',
    replace: 'AND EXISTS (SELECT) OR NOT ${hasMessage(',
    test: 'keeps the key blocked until all of it is confirmed',
  },
  {
    ...sql('parked-message/discard'),
    name: 'what Kafka may have is not discarded',
    find: 'WHERE NOT stays)',
    replace: 'WHERE stays IS NOT NULL)',
    test: 'leaves what a batch holds that Kafka may have',
  },
  {
    ...sql('parked-message/discard'),
    name: 'nothing is told of what waits behind what Kafka may have',
    find: '      WHERE NOT stays\n      GROUP BY',
    replace: '      GROUP BY',
    test: 'tells nothing of what waits behind one that a batch holds, or a pause',
  },
  {
    ...sql('relay-shard/lock-all'),
    name: 'an operator takes turns with the relay',
    find: ' ORDER BY shard FOR NO KEY UPDATE',
    replace: ' ORDER BY shard',
    test: 'takes turns with a guarded transaction',
  },
  {
    ...sql('parked-message/select-releases'),
    name: 'a release is in the order of its messages',
    find: '    ORDER BY id`,',
    replace: '    ORDER BY id DESC`,',
    test: 'releases a key in the order of its messages',
  },
  {
    ...sql('paused-topic/delete-lifted'),
    name: 'a pause ends when it holds nothing',
    find: 'AND NOT EXISTS (',
    replace: 'AND (SELECT true) OR NOT EXISTS (',
    test: 'ends when it is due and holds nothing any more, and not before',
  },
  {
    file: 'packages/postgres/src/relay/change-shards.ts',
    spec: 'test/postgres/postgres-store.int.spec.ts',
    name: 'a shard that is retired pauses nothing',
    find: '  await run(session, deleteRetiredPauses, retired)\n',
    replace: '  void deleteRetiredPauses\n',
    test: 'is no longer paused by a shard that is retired',
  },
  {
    file: 'packages/postgres/src/sql/parked-message/of-blocked.ts',
    also: [{ file: 'packages/postgres/src/sql/parked-message/of-blocked.ts', ...bounded }],
    spec: 'packages/postgres/src/sql/parked-message/plans.int.spec.ts',
    name: 'a release does not walk the followers of other keys',
    find: "'ORDER BY sha256(message.key), message.id'",
    replace: "'ORDER BY message.id'",
    test: 'when another key is sent again, which is younger, and taken off',
  },
  {
    ...opening,
    spec: 'test/relay/kill-release.matrix.spec.ts',
    name: 'an opening applies what Kafka has confirmed of a release, on a broker',
    find: '      if (startUp.from.releases) await tx.applyReleases(startUp.from.releases)\n',
    replace: '',
    test: 'tx.applyReleases:committed of it',
  },
  {
    ...pipeline,
    spec: 'test/relay/kill-parking.matrix.spec.ts',
    name: 'what is blocked is taken out of every page, on a broker',
    find: 'await this.#parking.sift(tx, page.rows)',
    replace: '{ rows: page.rows, announce: () => undefined }',
    test: 'tx.parkMessage:committed of it',
  },
  {
    ...sql('parked-message/discard'),
    spec: 'test/relay/kill-release.matrix.spec.ts',
    name: 'what Kafka may have is not discarded, on a broker',
    find: 'WHERE NOT stays)',
    replace: 'WHERE stays IS NOT NULL)',
    test: "when it is discarded at 'producer.commit:after' of it, and the relay killed",
  },
  {
    file: 'packages/postgres/src/parking/held-rows.ts',
    spec: 'packages/postgres/src/parking/held-rows.int.spec.ts',
    name: 'a key that was not looked at is not taken for free',
    find: '  if (held.length > mostHeld) return rows\n',
    replace: '',
    test: 'are all of them where more keys are blocked than are looked at',
  },
]
