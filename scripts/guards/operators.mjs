// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const operators = { spec: 'test/run-inbox/operators.e2e.spec.ts' }
const cursor = { ...operators, file: 'packages/kafkajs/src/run-inbox/partition-cursor.ts' }
const bind = { ...operators, file: 'packages/postgres/src/sql/inbox-topic/bind.ts' }

/** What keeps an inbox from taking one topic's offsets for another's. @type {readonly GuardEntry[]} */
export const operatorGuards = [
  {
    ...cursor,
    name: 'a topic that has outgrown the position of its namesake is not passed over',
    find: 'if (bound.topicId !== topicId) throw',
    replace: "if (bound.topicId === '') throw",
    test: 'longer than the position: nothing of it is handled',
  },
  {
    ...cursor,
    name: 'a topic is recognised under a consumer that runs',
    find: 'if (topicId === undefined || topicId === this.#topicId) return',
    replace: 'if (topicId === undefined || this.#topicId !== undefined) return',
    test: 'under a consumer that runs: what has outgrown the position is not passed over',
  },
  {
    ...bind,
    name: 'a topic stays bound while there are positions of it',
    find: 'SELECT CASE WHEN held THEN',
    replace: 'SELECT CASE WHEN held IS NULL THEN',
    test: 'longer than the position: nothing of it is handled',
  },
  {
    ...bind,
    name: 'a topic that has taken another’s place is read from its start',
    find: 'known.from_start OR (NOT held AND known.topic_id <> excluded.topic_id)',
    replace: 'known.from_start',
    spec: 'test/postgres/postgres-store.int.spec.ts',
    test: 'is read from its start once it has taken the place of another one',
  },
]
