// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const balance = {
  file: 'packages/core/src/relay/balance.ts',
  spec: 'packages/core/src/relay/balance.unit.spec.ts',
}
const shard = {
  file: 'packages/core/src/relay/shard.ts',
  spec: 'packages/core/src/relay/shard.unit.spec.ts',
}
const lease = {
  file: 'packages/core/src/relay/lease.ts',
  spec: 'packages/core/src/relay/lease.unit.spec.ts',
}
const processes = { spec: 'test/relay/balance.full.spec.ts' }

/** Shards spread over processes, and nobody takes what it cannot send. @type {readonly GuardEntry[]} */
export const balanceGuards = [
  {
    ...processes,
    file: 'packages/core/src/relay/shard-set.ts',
    name: 'a process holds its leases under one id',
    find: '{ ...this.#options, holder: this.#holder }',
    replace: '{ ...this.#options }',
    test: 'come to hold as many each as they join, stop and die',
  },
  {
    ...processes,
    file: balance.file,
    name: 'a process that cannot reach the broker takes nothing',
    find: ' || !(await this.#reachesBroker())',
    replace: ' || void this.#reachesBroker()',
    test: 'that cannot send takes nothing from one that can',
  },
  {
    ...balance,
    name: 'nothing is taken from who has one more',
    find: 'most[1].length - own < 2',
    replace: 'most[1].length - own < 1',
    test: 'by who has some from who has two more',
  },
  {
    ...balance,
    name: 'a shard that is retired does not count',
    find: 'if (buckets !== null && one !== null)',
    replace: 'if (buckets !== undefined && one !== null)',
    test: 'but none that is retired, and those do not count',
  },
  {
    ...balance,
    name: 'who has trouble of its own takes nothing',
    find: 'if (waits || !shards.every(isWell)) return',
    replace: 'if (waits || !shards.some(isWell)) return',
    test: 'takes nothing while a shard of its own is',
  },
  {
    ...balance,
    name: 'the broker is asked once at a time',
    find: '|| this.#asking ||',
    replace: '||',
    test: 'takes nothing while the broker does not answer, and asks once at a time',
  },
  {
    ...balance,
    name: 'who stops takes nothing',
    find: ' || this.#ended) return',
    replace: ') return',
    test: 'takes nothing once it has ended, also where it had asked before',
  },
  {
    ...balance,
    name: 'what could not be opened is not taken again at once',
    find: ' || this.#options.clock.now() < this.#notBefore',
    replace: '',
    test: 'rests longer and longer after what it could not open',
  },
  {
    ...balance,
    name: 'what was taken is on trial until it has sent something',
    find: 'const isUndecided = !shard.hasSent &&',
    replace: 'const isUndecided = shard.hasSent &&',
    test: 'rests longer and longer, too, where what it takes can be opened and is given back without having sent',
  },
  {
    ...balance,
    name: 'what has sent something is no longer on trial',
    find: 'const isUndecided = !shard.hasSent &&',
    replace: 'const isUndecided =',
    test: 'and is as before when it could',
  },
  {
    ...balance,
    name: 'a trial without a message ends',
    find: ' && clock.now() - since < leaseMs * longestTrial',
    replace: ' && since >= 0',
    test: 'holds nothing against a shard that it has led for three leases without a message',
  },
  {
    ...shard,
    name: 'what a shard has sent before it was taken says nothing of who takes it',
    find: '    this.#hasSent = false\n',
    replace: '',
    test: 'although it can be opened, where no batch gets to Kafka',
  },
  {
    ...lease,
    name: 'a lease is stolen from the one that was found to have most, and from nobody else',
    find: '!unheld && observed.holder === this.#victim',
    replace: '!unheld && this.#victim !== undefined',
    test: 'steals it from nobody else, also from who has taken it meanwhile',
  },
  {
    ...lease,
    name: 'an operator’s command holds each shard under another id',
    find: 'options.holder ?? randomUUID()',
    replace: "options.holder ?? 'operator'",
    test: 'is held under an id of its own where none is given',
  },
  {
    ...shard,
    name: 'what was stolen and cannot be opened is given back',
    find: 'if (onTrial || standstill.ms >= leaseMs) throw error',
    replace: 'void onTrial\n        if (standstill.ms >= leaseMs) throw error',
    test: 'is given back where it cannot be opened, with time for two looks of those who had it',
  },
  {
    ...shard,
    name: 'who gives back leaves time for those who had it',
    find: 'await this.#backOff(failure, reading, this.#options.renewMs)',
    replace: 'await this.#backOff(failure, reading)',
    test: 'is given back where it cannot be opened, with time for two looks of those who had it',
  },
]
