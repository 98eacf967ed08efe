// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const shard = {
  file: 'packages/core/src/relay/shard.ts',
  spec: 'packages/core/src/relay/shard.unit.spec.ts',
}
const pipeline = { ...shard, file: 'packages/core/src/relay/pipeline.ts' }
const standstill = { ...shard, file: 'packages/core/src/relay/standstill.ts' }
const lease = {
  file: 'packages/core/src/relay/lease.ts',
  spec: 'packages/core/src/relay/lease.unit.spec.ts',
}
const size = {
  file: 'packages/core/src/relay/batch-size.ts',
  spec: 'packages/core/src/relay/batch-size.unit.spec.ts',
}
const drain = {
  file: 'packages/core/src/relay/drain.ts',
  spec: 'packages/core/src/relay/drain.unit.spec.ts',
}
const relay = {
  file: 'packages/core/src/relay/relay.ts',
  spec: 'packages/core/src/relay/relay.unit.spec.ts',
}

const divergences = [
  'RELAY_IDENTITY_CHANGED',
  'RELAY_XID_AHEAD',
  'RELAY_CHECKPOINT_LOST',
  'RELAY_KAFKA_WENT_BACK',
  'RELAY_DATABASE_WENT_BACK',
  'KAFKAJS_UNSUPPORTED',
]

/** Lease, faults, halting, bisection, draining. @type {readonly GuardEntry[]} */
export const shardGuards = [
  ...divergences.map((code) => ({
    ...shard,
    name: `${code} halts`,
    find: `    '${code}',\n`,
    replace: '',
    test: `${code} halts the shard: it neither tries again nor keeps the lease`,
  })),
  {
    ...shard,
    name: 'a halted shard is not opened again',
    find: "while (!signals.reading.aborted && this.#state !== 'halted')",
    replace: 'while (!signals.reading.aborted)',
    test: 'RELAY_XID_AHEAD halts the shard: it neither tries again nor keeps the lease',
  },
  {
    ...shard,
    file: 'packages/core/src/relay/parking/fault-search.ts',
    name: 'a refused batch is bisected',
    find: "if (found === 'divide') size.refused(inFlight.rows.length)",
    replace: "if (found === 'divide') void size",
    test: 'that passes alone lets the shard go on',
  },
  {
    ...shard,
    name: 'LEASE_LOST ends the turn',
    find: "        if (isPigeonholeError(error, 'LEASE_LOST')) throw error\n",
    replace: '',
    test: 'is noticed by the guard, too',
  },
  {
    ...shard,
    name: 'a lost lease ends the batch under way',
    find: 'leading: AbortSignal.any([hard, lost.signal])',
    replace: 'leading: hard',
    test: 'drops the batch that does not end',
  },
  {
    ...shard,
    name: 'a lost lease is not released',
    find: '      else await this.#lease.release()\n',
    replace: '      await this.#lease.release()\n',
    test: 'drops the producer, is told of, and makes the shard a standby that releases nothing',
  },
  {
    ...shard,
    name: 'every end of a pipeline ends its producer',
    find: '      void opening.then(({ producer }) => producer.close()).catch(() => undefined)\n',
    replace: '',
    test: 'in a transaction of unknown outcome drops the producer, and Kafka decides at the next opening',
  },
  {
    ...shard,
    name: 'a shard that cannot be opened for long is given back',
    find: 'if (onTrial || standstill.ms >= leaseMs) throw error',
    replace: 'if (onTrial || standstill.ms < 0) throw error',
    test: 'that lasts for as long as a lease gives the shard back',
  },
  {
    ...shard,
    name: 'a shard that was open a moment ago is opened again',
    find: '        if (pipeline) standstill.ended(pipeline)\n',
    replace: '',
    test: 'that comes back after the shard was open begins anew',
  },
  {
    ...shard,
    name: 'a lease that nobody waits for any more is given up',
    find: 'isTaken(outcome) ? this.#lease.release() : undefined',
    replace: 'isTaken(outcome) ? undefined : undefined',
    test: 'has given it up in the end, whenever takeLease is answered',
  },
  {
    ...standstill,
    name: 'a shard that can be opened, and of which nothing gets through, is given back',
    find: 'if (!isStuck) this.#since',
    replace: 'if (isStuck !== undefined) this.#since',
    spec: 'test/relay/broken-path.e2e.spec.ts',
    test: 'of which no batch gets to Kafka leaves its shard to one that has a way',
  },
  {
    ...pipeline,
    name: 'a shard whose pages do not get here is given back',
    find: 'return !this.#isThrough',
    replace: 'return this.#inFlight !== undefined && !this.#isThrough',
    spec: 'test/relay/broken-path.e2e.spec.ts',
    test: 'that gets no page from PostgreSQL leaves its shard to one that has a way',
  },
  {
    ...pipeline,
    name: 'what has sent a batch is not stuck',
    find: '    this.#isThrough = true\n    this.#cleaner',
    replace: '    this.#cleaner',
    test: 'that comes back again and again keeps the lease where a batch comes through in between',
  },
  {
    ...pipeline,
    name: 'what has nothing to send is not stuck',
    find: '        if (!prepared) this.#isThrough = true\n',
    replace: '',
    test: 'that comes back again and again keeps the lease where nothing is to be sent',
  },
  {
    ...shard,
    name: 'a fault is waited out',
    find: '    await this.#options.clock.sleep(delayMs, signal)\n',
    replace: '    void signal\n',
    test: 'BROKER_UNAVAILABLE makes the shard wait, visibly, and open again',
  },
  {
    ...size,
    name: 'the refused batch is halved, not the limit',
    find: 'Math.ceil(rows / 2)',
    replace: 'Math.ceil(this.#size / 2)',
    test: 'halves the batch that was refused, not the limit',
  },
  {
    ...size,
    name: 'what is found ends the suspicion',
    find: '    this.#suspects = 0\n    this.#size = this.#limit\n',
    replace: '',
    test: 'is full again at once when the record is found',
  },
  {
    ...size,
    name: 'a batch that took too long is halved',
    find: '    this.#limit = Math.max(1, Math.floor(rows / 2))\n',
    replace: '    void rows\n',
    test: 'is half of that batch, again and again',
  },
  {
    ...size,
    name: 'halved batches grow slowly',
    find: 'this.#limit + Math.ceil(this.#limit / 32)',
    replace: 'this.#full',
    test: 'grows little by little with batches that fill it',
  },
  {
    ...size,
    name: 'batches are full again behind the suspects',
    find: '      if (this.#suspects === 0) this.#size = this.#limit\n',
    replace: '',
    test: 'is full again once every row of the refused batch has passed',
  },
  {
    ...lease,
    name: 'a renewal that is seen starts the wait anew',
    find: ' && a.renewal === b.renewal',
    replace: '',
    test: 'waits again for as long after a new renewal',
  },
  {
    ...lease,
    name: 'another holder starts the wait anew',
    find: 'a.holder === b.holder && ',
    replace: '',
    test: 'waits again for as long after a new holder',
  },
  {
    ...lease,
    name: 'another token starts the wait anew',
    find: ' && a.token === b.token',
    replace: '',
    test: 'waits again for as long after a new token',
  },
  {
    ...lease,
    name: 'a standby waits for as long as a lease is, on its own clock',
    find: 'clock.now() - seen.at >= leaseMs',
    replace: 'clock.now() - seen.at >= renewMs',
    test: 'waits for as long as a lease is, on its own clock',
  },
  {
    ...lease,
    name: 'a standby counts from the answer',
    find: [
      '      const observed = await this.#read()',
      "      if (!observed) return 'retired'",
      '      if (!seen || !isSame(seen.lease, observed)) seen = { lease: observed, at: clock.now() }',
    ].join('\n'),
    replace: [
      '      const asked = clock.now()',
      '      const observed = await this.#read()',
      "      if (!observed) return 'retired'",
      '      if (!seen || !isSame(seen.lease, observed)) seen = { lease: observed, at: asked }',
    ].join('\n'),
    test: 'counts from the answer, not from the question',
  },
  {
    ...lease,
    name: 'a holder counts from the question',
    find: 'renewed = asked',
    replace: 'renewed = clock.now()',
    test: 'counts from when a renewal was asked for, since that is all an observer may have seen',
  },
  {
    ...lease,
    name: 'a refused renewal is a lost lease',
    find: "    if (held === false) throw this.lost('another process has taken it')\n",
    replace: '',
    test: 'is lost at once when another process has taken it',
  },
  {
    ...lease,
    name: 'renewals that fail for its length lose the lease',
    find: 'else if (clock.now() - renewed >= leaseMs)',
    replace: 'else if (clock.now() - renewed >= 2 * leaseMs)',
    test: 'is lost when the store fails for as long as the lease',
  },
  {
    ...lease,
    name: 'a renewal without an answer loses the lease in time',
    find: 'await Promise.race([answer, expired])',
    replace: 'await answer',
    test: 'is lost when the store answers nothing for as long as the lease',
  },
  {
    ...drain,
    name: 'a drain waits until its mark is covered',
    find: 'if (cursor && (await store.isCovered(number, drain.mark, cursor))) return',
    replace: 'if (cursor) return',
    test: 'waits until all that was committed before the call is confirmed',
  },
  {
    ...drain,
    name: 'a drain waits for a shard’s genesis',
    find: 'if (cursor && (await store.isCovered(number, drain.mark, cursor))) return',
    replace: 'if (!cursor || (await store.isCovered(number, drain.mark, cursor))) return',
    test: 'waits for the genesis of a shard that no relay has opened yet',
  },
  {
    ...drain,
    name: 'a drain tells of a shard that has halted',
    find: '  if (halted) throw halted.error\n',
    replace: '',
    test: 'rejects with the error of a shard of this process that has halted',
  },
  {
    ...relay,
    name: 'a stop sends what was committed before it',
    find: '    await untilAborted(drained, this.#hard.signal).catch(() => undefined)\n',
    replace: '    void drained.catch(() => undefined)\n',
    test: 'sends what was committed before, ends the publisher, and resolves `stopped`',
  },
  {
    ...relay,
    name: 'a stop ends in time',
    find: "this.#hard.abort(new Error('the drain ran into its timeout'))",
    replace: 'undefined',
    test: 'gives the drain up after its timeout',
  },
]
