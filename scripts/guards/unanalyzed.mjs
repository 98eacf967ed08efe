// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql'
const spec = { spec: 'packages/postgres/src/parking/unanalyzed.int.spec.ts' }

const ofBlocked = { ...spec, file: `${sql}/parked-message/of-blocked.ts` }
const selection = { ...spec, file: `${sql}/parked-message/selection.ts` }

/** What operators do takes as many steps as is parked, whatever the database knows of its tables. @type {readonly GuardEntry[]} */
export const unanalyzedGuards = [
  {
    ...ofBlocked,
    name: 'what is looked up for each key is not joined with all keys',
    find: '        OFFSET 0)`',
    replace: '        )`',
    test: 'never analyzed, parked messages of an inbox are discarded in',
  },
  {
    ...ofBlocked,
    name: 'a key is looked up by the index where one key was all that was parked',
    find: 'sha256(${message}.key) >= ${blocked}.key_digest AND sha256(${message}.key) <= ${blocked}.key_digest',
    replace: 'sha256(${message}.key) = ${blocked}.key_digest',
    test: 'analyzed last when one key was all of it, parked messages of an inbox are listed',
  },
  {
    ...spec,
    file: `${sql}/parked-message/groups.ts`,
    name: 'the messages of a key are counted for that key alone',
    find: "CROSS JOIN LATERAL (\n        SELECT min(message.id) AS first, count(*) AS messages FROM ${schema}.parked_message AS message\n        WHERE ${isOf('message')} AND ${isOfBlocked('message', 'blocked')}\n      ) AS held\n",
    replace:
      "LEFT JOIN (\n        SELECT topic, sha256(key) AS key_digest, min(id) AS first, count(*) AS messages FROM ${schema}.parked_message AS message\n        WHERE ${isOf('message') + isOfBlocked('', '').slice(0, 0)} GROUP BY topic, sha256(key)\n      ) AS held ON held.topic = blocked.topic AND held.key_digest = blocked.key_digest\n",
    test: 'never analyzed, parked messages of an inbox are listed',
  },
  {
    ...spec,
    file: `${sql}/parked-message/retry.ts`,
    name: 'what only a pause holds is not looked up for each message',
    find: "${heldByPause(schema, isSelected('message'))}",
    replace:
      "\n      SELECT topic FROM ${schema}.parked_message AS message\n      WHERE ${isSelected('message') + heldByPause('', '').slice(0, 0)} AND NOT EXISTS (\n        SELECT FROM ${schema}.parked_key AS blocked\n        WHERE ${isOutgoing('blocked')} AND blocked.topic = message.topic AND blocked.key_digest = sha256(message.key))",
    test: 'never analyzed, parked messages are sent again',
  },
  {
    ...selection,
    name: 'ids are not looked up for each key',
    find: '(${name}.id = ANY ($${first}::bigint[])) IS TRUE',
    replace: '${name}.id = ANY ($${first}::bigint[])',
    test: 'parked messages of an inbox are discarded by their ids',
  },
]
