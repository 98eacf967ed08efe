// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const suite = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const reclaim = { ...suite, file: 'packages/postgres/src/relay/reclaim.ts' }
const lock = { ...reclaim, spec: 'packages/postgres/src/relay/reclaim.int.spec.ts' }
const uncovered = { ...suite, file: 'packages/postgres/src/sql/outbox-message/exists-uncovered-in-slot.ts' }

/** What keeps a message from being truncated unsent, or too early. @type {readonly GuardEntry[]} */
export const cleaningGuards = [
  {
    ...reclaim,
    name: 'the partition that is written to is not emptied',
    find: '!isCurrent && !isEmpty && (ageMs',
    replace: '!isEmpty && (ageMs',
    test: 'empties nothing that is written to, however much of it is confirmed',
  },
  {
    ...reclaim,
    name: 'what is published is kept for the retention',
    find: 'ageMs >= retentionMs',
    replace: 'ageMs >= Math.min(retentionMs, 0)',
    test: 'keeps what is published for as long as it is told to',
  },
  {
    ...reclaim,
    name: 'a shard without a confirmed batch covers nothing',
    find: '    if (!cursor) return false\n',
    replace: '    if (!cursor) continue\n',
    test: 'empties nothing of which another shard has not confirmed all',
  },
  {
    ...reclaim,
    name: 'every shard is asked',
    find: '    if (buckets === null) continue\n',
    replace: '    if (buckets === null || shard > 0) continue\n',
    test: 'empties nothing of which another shard has not confirmed all',
  },
  {
    ...suite,
    file: 'packages/postgres/src/sql/relay-shard/select-agreed.ts',
    name: 'a shard on which nobody has seen Kafka agree covers nothing',
    find: 'WHERE agreed_token = lease_token',
    replace: 'WHERE shard >= 0',
    test: 'empties nothing while another shard is not led, or opening, or adopted',
  },
  {
    ...suite,
    file: 'packages/postgres/src/sql/relay-shard/select-unsettled.ts',
    name: 'a shard without which nothing is emptied is told of',
    find: 'AND (agreed_token = lease_token) IS NOT TRUE',
    replace: 'AND agreed_token <> lease_token',
    test: 'empties nothing while another shard is not led, or opening, or adopted',
  },
  {
    file: 'packages/core/src/relay/reclaim-outbox.ts',
    spec: 'packages/core/src/relay/reclaim-outbox.unit.spec.ts',
    name: 'cleaning that waits for a shard tells of it',
    find: ' || lasting.length > 0',
    replace: '',
    test: 'tells of shards without which nothing is emptied, and not of one that is only being opened',
  },
  {
    ...suite,
    file: 'packages/postgres/src/sql/relay-batch/select-confirmed.ts',
    name: 'an intent covers nothing',
    find: 'relay_batch.number = relay_shard.confirmed',
    replace:
      'relay_batch.number = (SELECT max(number) FROM ${schema}.relay_batch AS last WHERE last.shard = $1::smallint)',
    test: 'empties nothing behind an intent',
  },
  {
    ...uncovered,
    name: 'what came after the confirmed cursor is not covered',
    find: 'xid >= pg_snapshot_xmax(${covered})',
    replace: 'xid >= pg_snapshot_xmax(${covered}) AND $1 IS NULL',
    test: 'empties nothing that was committed behind the cursor, or ran then',
  },
  {
    ...uncovered,
    name: 'what ran at the confirmed cursor is not covered',
    find: 'pg_snapshot_xip(${covered})',
    replace: "pg_snapshot_xip('1:1:')",
    test: 'empties nothing that was committed behind the cursor, or ran then',
  },
  {
    ...uncovered,
    name: 'what a capture under way has not read is not covered',
    find: 'AND $2::pg_snapshot IS NOT NULL AND seq > $3::bigint',
    replace: 'AND $2::pg_snapshot IS NULL AND seq > $3::bigint',
    test: 'empties nothing of which a capture under way has not read all',
  },
  {
    ...lock,
    name: 'a partition is looked at once more under its lock',
    find: 'const isCovered = isStill && (await isPublished(session, slot))',
    replace: 'const isCovered = isStill',
    test: 'keeps what was committed between the look and the lock',
  },
  {
    ...lock,
    name: 'a partition is looked at under its lock',
    find: '    await run(session, lockPartition(slot), null)\n',
    replace: '    void lockPartition\n',
    test: 'passes a partition over that somebody has locked, and waits for nobody',
  },
  {
    file: 'packages/core/src/relay/reclaim-outbox.ts',
    spec: 'packages/core/src/relay/reclaim-outbox.unit.spec.ts',
    name: 'a partition that is held keeps no other waiting',
    find: ' || isMoving(outcome.reclaimed)',
    replace: '',
    test: 'goes on with the others while one partition is held',
  },
  {
    file: 'packages/core/src/relay/reclaim-outbox.ts',
    spec: 'packages/core/src/relay/reclaim-outbox.unit.spec.ts',
    name: 'a partition that is held is not looked at all the time',
    find: '(isPublishing && !isHeldUp)',
    replace: 'isPublishing',
    test: 'goes on with the others while one partition is held',
  },
  {
    file: 'packages/core/src/relay/reclaim-outbox.ts',
    spec: 'packages/core/src/relay/reclaim-outbox.unit.spec.ts',
    name: 'cleaning goes by what the database knows to be confirmed',
    find: '.guarded({ shard, token, confirmed: 0 }',
    replace: '.guarded({ shard, token, confirmed: 9 }',
    test: 'tells the database nothing of what is confirmed',
  },
  {
    ...lock,
    name: 'what no shard owns is covered by none',
    find: '  if (owned < bucketCount) return false\n',
    replace: '  if (owned < 0) return false\n',
    test: 'empties nothing while some buckets belong to nobody',
  },
  {
    ...lock,
    file: 'packages/postgres/src/sql/server/set-cleaning.ts',
    name: 'what a policy hides is not truncated',
    find: "set_config('row_security', 'off', true)",
    replace: "set_config('row_security', 'on', true)",
    test: 'fails where a policy hides rows from it',
  },
  {
    ...lock,
    file: 'packages/postgres/src/sql/server/set-cleaning.ts',
    name: 'nobody waits long behind a lock that is not to be had',
    find: 'const lockTimeoutMs = 50',
    replace: 'const lockTimeoutMs = 20_000',
    test: 'passes a partition over that somebody has locked, and waits for nobody',
  },
  {
    ...lock,
    file: 'packages/postgres/src/sql/server/set-cleaning.ts',
    name: 'a process that stands still keeps no partition locked',
    find: "set_config('idle_in_transaction_session_timeout', '${idleTimeoutMs}ms', true)",
    replace: "set_config('idle_in_transaction_session_timeout', '0', true)",
    test: 'gives the partition back, with all that is in it, when its process stands still before the COMMIT',
  },
]
