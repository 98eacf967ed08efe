// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const inbox = {
  file: 'packages/core/src/inbox/inbox.ts',
  spec: 'packages/core/src/inbox/inbox.unit.spec.ts',
}
const deduplication = { ...inbox, file: 'packages/core/src/inbox/deduplication.ts' }
const outbox = {
  file: 'packages/core/src/outbox/outbox.ts',
  spec: 'packages/core/src/outbox/outbox.unit.spec.ts',
}

const positionFirst = [
  "    if (position && !(await store.advancePosition(tx, name, position))) return 'position'",
  "    if (id && !(await store.insertMessageId(tx, { inbox: name, ...id }))) return 'id'",
]

/** A handler's transaction, and the order of its parts. @type {readonly GuardEntry[]} */
export const inboxGuards = [
  {
    ...inbox,
    name: 'the position is taken before the id',
    find: positionFirst.join('\n'),
    replace: positionFirst.toReversed().join('\n'),
    test: 'takes the position, then the id, then the handler, then the check, and commits',
  },
  {
    ...inbox,
    name: 'a position that is passed ends the message',
    find: "if (position && !(await store.advancePosition(tx, name, position))) return 'position'",
    replace: 'if (position) await store.advancePosition(tx, name, position)',
    test: 'of a position is dropped before its id is looked at',
  },
  {
    ...inbox,
    name: 'an id that is known ends the message',
    find: "if (id && !(await store.insertMessageId(tx, { inbox: name, ...id }))) return 'id'",
    replace: 'if (id) await store.insertMessageId(tx, { inbox: name, ...id })',
    test: 'of an id at another position is dropped, and moves the position',
  },
  {
    ...inbox,
    name: 'a handler may not swallow an error of its transaction',
    find: '      if (!(await store.isUsable(tx))) throw swallowed(delivery)\n',
    replace: '',
    test: 'may not swallow an error that has ended its transaction',
  },
  {
    ...inbox,
    name: 'a conflict is tried again',
    find: "if (!isPigeonholeError(error, 'STORE_CONFLICT') || ",
    replace: "if (isPigeonholeError(error, 'STORE_CONFLICT') || ",
    test: 'is tried again at once, and told of',
  },
  {
    ...inbox,
    name: 'a conflict is not tried for ever',
    find: ' || attempt > this.#options.conflictRetries)',
    replace: ')',
    test: 'is not tried for ever',
  },
  {
    ...inbox,
    name: 'a conflict is not tried again where the partition is lost',
    find: '        if (signal?.aborted) throw error\n',
    replace: '',
    test: 'is not tried again when the partition is lost',
  },
  {
    ...inbox,
    name: 'a conflict is not tried again where the partition is lost meanwhile',
    find: '        signal?.throwIfAborted()\n',
    replace: '',
    test: 'is not tried again when the partition is lost while it waits',
  },
  {
    ...inbox,
    name: 'nothing but a conflict is tried again',
    find: "if (!isPigeonholeError(error, 'STORE_CONFLICT') || ",
    replace: 'if (',
    test: 'is the only error that is tried again',
  },
  {
    ...inbox,
    name: 'a handler’s signal aborts with the caller’s',
    find: 'link ? AbortSignal.any([link.signal, timeout]) : timeout',
    replace: 'timeout',
    test: "aborts the handler's signal with the caller's",
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
    find: '    if (ordered) await store.lockKeys(tx, rows.filter(hasKey))\n    await store.insertMessages(tx, rows)\n',
    replace:
      '    await store.insertMessages(tx, rows)\n    if (ordered) await store.lockKeys(tx, rows.filter(hasKey))\n',
    test: 'takes the lock of its key before it inserts when the order is asked for',
  },
]
