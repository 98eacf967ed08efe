// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const inbox = {
  file: 'packages/core/src/inbox/stored-inbox.ts',
  spec: 'packages/core/src/inbox/inbox.unit.spec.ts',
}
const deduplication = { ...inbox, file: 'packages/core/src/inbox/deduplication.ts' }
const outbox = {
  file: 'packages/core/src/outbox/outbox.ts',
  spec: 'packages/core/src/outbox/outbox.unit.spec.ts',
}

const transaction = { ...inbox, file: 'packages/core/src/inbox/handler-transaction.ts' }

const group = {
  file: 'packages/core/src/inbox/handle-group.ts',
  spec: 'packages/core/src/inbox/handle-group.unit.spec.ts',
}

/** A handler's transaction, and the order of its parts. @type {readonly GuardEntry[]} */
export const inboxGuards = [
  {
    ...transaction,
    file: 'packages/core/src/lifecycle/time-limit.ts',
    name: 'the end of a handler’s time cannot be collected',
    find: 'const late = new AbortController()',
    replace: 'const late = { signal: AbortSignal.timeout(60_000), abort: (_: unknown) => undefined }',
    test: 'relies on no timeout that may be collected',
  },
  {
    ...transaction,
    name: 'a position that is passed ends the message',
    find: '  if (!verdicts) return deliveries.length === 1',
    replace: '  if (!verdicts) return deliveries.length > 1e9',
    test: 'of a position is dropped before its id is looked at',
  },
  {
    ...transaction,
    name: 'an id that is known ends the message',
    find: "(verdicts[index] === 'new' ? [{ ...one, index }] : [])",
    replace: '(verdicts ? [{ ...one, index }] : [])',
    test: 'of an id at another position is dropped, and moves the position',
  },
  {
    ...transaction,
    name: 'a handler may not swallow an error of its transaction',
    find: '  if (!(await options.store.isUsable(tx))) throw swallowed(fresh)\n',
    replace: '',
    test: 'may not swallow an error that has ended its transaction',
  },
  {
    ...inbox,
    file: 'packages/core/src/retry/retry-conflicts.ts',
    name: 'a conflict is tried again',
    find: "if (!isPigeonholeError(error, 'STORE_CONFLICT') || ",
    replace: "if (isPigeonholeError(error, 'STORE_CONFLICT') || ",
    test: 'is tried again at once, and told of',
  },
  {
    ...inbox,
    file: 'packages/core/src/retry/retry-conflicts.ts',
    name: 'a conflict is not tried for ever',
    find: ' || attempt > retries)',
    replace: ')',
    test: 'is not tried for ever',
  },
  {
    ...inbox,
    file: 'packages/core/src/retry/retry-conflicts.ts',
    name: 'a conflict is not tried again where the partition is lost',
    find: '      if (signal?.aborted) throw error\n',
    replace: '',
    test: 'is not tried again when the partition is lost',
  },
  {
    ...inbox,
    file: 'packages/core/src/retry/retry-conflicts.ts',
    name: 'a conflict is not tried again where the partition is lost meanwhile',
    find: '      signal?.throwIfAborted()\n',
    replace: '',
    test: 'is not tried again when the partition is lost while it waits',
  },
  {
    ...inbox,
    file: 'packages/core/src/retry/retry-conflicts.ts',
    name: 'nothing but a conflict is tried again',
    find: "if (!isPigeonholeError(error, 'STORE_CONFLICT') || ",
    replace: 'if (',
    test: 'is the only error that is tried again',
  },
  {
    ...transaction,
    file: 'packages/core/src/lifecycle/time-limit.ts',
    name: 'a handler’s signal aborts with the caller’s',
    find: 'link ? AbortSignal.any([link.signal, late.signal]) : late.signal',
    replace: 'late.signal',
    test: "aborts the handler's signal with the caller's",
  },
  {
    ...transaction,
    spec: group.spec,
    name: 'a group is of one partition, in its order',
    find: '  assertSuccessive(positions)\n',
    replace: '  void assertSuccessive\n',
    test: 'is of one partition, in its order',
  },
  {
    ...group,
    name: 'a group is not passed over where only its first has been passed',
    find: '(await handleOneByOne(span.slice(0, 1), work))',
    replace: "span.map(() => ({ status: 'duplicate' as const, by: 'position' as const }))",
    test: 'that has been handled begins anew behind what was',
  },
  {
    ...group,
    name: 'what no message of a group can be blamed for is found by handling each by itself',
    find: 'at === undefined || ',
    replace: '',
    test: 'gives each a transaction of its own where nobody can be blamed',
  },
  {
    ...group,
    name: 'a conflict in a group is tried again, one by one',
    find: " || isPigeonholeError(error, 'STORE_CONFLICT')",
    replace: ' || (!isPigeonholeError && !error)',
    test: 'does so too when it is a handler that has lost the conflict',
  },
  {
    ...group,
    name: 'a group is given up when its partition is lost',
    find: '      if (work.signal?.aborted) throw blame(culprit, error, work)\n',
    replace: '',
    test: 'is given up as a whole when the partition is lost',
  },
  {
    ...deduplication,
    name: 'a message that nothing tells from others is refused',
    find: " || (dedupe === 'both' && !id && !position)",
    replace: '',
    test: 'both refuses a delivery that lacks what it needs',
  },
  {
    ...deduplication,
    name: 'an inbox by id refuses a message without one',
    find: "(dedupe === 'id' && !id) || ",
    replace: '',
    test: 'id refuses a delivery that lacks what it needs',
  },
  {
    ...deduplication,
    name: 'an inbox by position refuses a message without one',
    find: "  if (dedupe === 'position' && !position) throw positionMissing(options.name, delivery)\n",
    replace: '',
    test: 'position refuses a delivery that lacks what it needs',
  },
  {
    ...outbox,
    name: 'the lock of a key comes before the insert',
    find: '      if (ordered) await store.lockKeys(tx, traced.filter(hasKey))\n      await store.insertMessages(tx, traced)\n',
    replace:
      '      await store.insertMessages(tx, traced)\n      if (ordered) await store.lockKeys(tx, traced.filter(hasKey))\n',
    test: 'takes the lock of its key before it inserts when the order is asked for',
  },
]
