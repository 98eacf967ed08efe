// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const rewind = {
  file: 'packages/kafkajs/src/rewind-inbox/rewind-inbox.ts',
  spec: 'test/run-inbox/rewind.e2e.spec.ts',
}

/** What keeps a rewind from losing what it is to replay. @type {readonly GuardEntry[]} */
export const rewindGuards = [
  {
    ...rewind,
    name: 'an inbox is not rewound under its consumers',
    find: '      await assertNoMembers(this.#admin, groupId)\n      // Before Kafka',
    replace: '      // Before Kafka',
    test: 'shows nothing while a consumer runs, and changes nothing',
  },
  {
    ...rewind,
    name: 'an inbox is not rewound under a consumer that has joined while it asked',
    find: '      await assertNoMembers(this.#admin, groupId)\n      const rewound',
    replace: '      const rewound',
    test: 'changes nothing when a consumer has started while it asked',
  },
  {
    ...rewind,
    file: 'packages/kafkajs/src/rewind-inbox/partition-log.ts',
    name: 'a rewind goes back only',
    find: '    if (to > from) throw this.#forwards(from, to)\n',
    replace: '    if (to > from) void this.#forwards(from, to)\n',
    test: 'refuses forwards',
  },
  {
    ...rewind,
    file: 'packages/postgres/src/sql/inbox-position/rewind.ts',
    name: 'a position goes back from where it was seen',
    find: ' AND next_offset = $4::bigint\n',
    replace: ' AND $4::bigint IS NOT NULL\n',
    test: 'changes nothing of a position that has moved meanwhile',
  },
]
