// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const spec = { spec: 'packages/postgres/src/parking/told-apart.int.spec.ts' }

/** @param {string} file */
const of = (file) => ({ ...spec, file: `packages/postgres/src/sql/${file}.ts` })

const listed = { test: 'are listed by their keys and by what holds them' }
const counted = { test: 'are counted, and shown one by one, on their own side' }
const sent = { test: 'are sent again by' }
const handled = { test: 'are handled again by' }
const discarded = { test: 'same topics and keys are discarded by' }
const discardedOfInbox = { test: 'of an inbox are discarded by' }
const told = { test: 'are told of where they wait behind what is discarded, and no others' }
const released = { test: 'are released when they are due, by their own shard, and not before' }

/** What is parked is told from what is parked of the same topic or key elsewhere. @type {readonly GuardEntry[]} */
export const toldApartGuards = [
  {
    ...of('parked-message/own'),
    ...released,
    name: 'the outbox has no blocked key of an inbox',
    find: "WHERE ${isOutgoing('blocked')} AND blocked.topic = ${name}.topic",
    replace: 'WHERE blocked.topic = ${name}.topic',
  },
  {
    ...of('parked-message/own'),
    ...released,
    name: 'a key is not blocked by that of another topic',
    find: ' AND blocked.topic = ${name}.topic',
    replace: '',
  },
  {
    ...of('parked-message/own'),
    ...released,
    name: 'a key is not blocked by another one of its topic',
    find: ' AND blocked.key_digest = sha256(${name}.key)',
    replace: '',
  },
  {
    ...of('parked-message/own'),
    ...released,
    name: 'what failed itself is not held by a pause alone',
    find: 'THEN ${name}.error_code IS NULL ELSE',
    replace: 'THEN true ELSE',
  },
  {
    ...of('parked-message/own'),
    ...released,
    name: 'a shard releases what is in its buckets',
    find: ' AND ${name}.bucket BETWEEN (SELECT first_bucket FROM own) AND (SELECT last_bucket FROM own)',
    replace: '',
  },
  {
    ...of('parked-message/own'),
    ...counted,
    name: 'messages of inboxes are not the outbox’s',
    find: "`${name}.side = 'outbox' AND ${name}.scope = ''`",
    replace: "`${name}.side <> ''`",
  },
  {
    ...of('parked-inbox/own'),
    ...listed,
    name: 'messages of other inboxes are not an inbox’s',
    find: ' AND ${name}.scope = $1::text`\n}\n\n/** The ordinal',
    replace: " AND $1::text <> ''`\n}\n\n/** The ordinal",
  },
  {
    ...of('parked-message/of-blocked'),
    ...listed,
    name: 'a key has no messages of the same key of another topic',
    find: '${message}.topic = ${blocked}.topic\n          AND',
    replace: '',
  },
  {
    ...of('parked-message/of-blocked'),
    ...listed,
    name: 'a key has no messages of one whose digest is lower',
    find: 'AND sha256(${message}.key) >= ${blocked}.key_digest AND',
    replace: 'AND',
  },
  {
    ...of('parked-message/of-blocked'),
    ...listed,
    name: 'a key has no messages of one whose digest is higher',
    find: ' AND sha256(${message}.key) <= ${blocked}.key_digest',
    replace: '',
  },
  {
    ...of('parked-message/of-blocked'),
    ...released,
    name: 'a key of the outbox releases no message of an inbox',
    find: "${isOf('message')} AND ${isOfBlocked('message', 'blocked')}\n        ${oldestFirst}\n        LIMIT",
    replace:
      "(${isOf('message')} OR true) AND ${isOfBlocked('message', 'blocked')}\n        ${oldestFirst}\n        LIMIT",
  },
  {
    ...of('parked-message/of-blocked'),
    ...discarded,
    name: 'a key of the outbox is not kept blocked by messages of an inbox',
    find: "${isOf('message')} AND ${isOfBlocked('message', 'blocked')}\n        ${oldestFirst}\n        OFFSET",
    replace:
      "(${isOf('message')} OR true) AND ${isOfBlocked('message', 'blocked')}\n        ${oldestFirst}\n        OFFSET",
  },
  {
    ...of('parked-message/groups'),
    ...listed,
    name: 'messages of a key are counted on their side',
    find: "${isOf('message')} AND ${isOfBlocked('message', 'blocked')}",
    replace: "${isOfBlocked('message', 'blocked')}",
  },
  {
    ...of('parked-message/groups'),
    ...listed,
    name: 'keys are listed on their side',
    find: "WHERE ${isOf('blocked')}\n",
    replace: '',
  },
  {
    ...of('parked-message/groups'),
    ...listed,
    name: 'messages without a key are listed on their side',
    find: "WHERE ${isOf('message')} AND key IS NULL",
    replace: 'WHERE key IS NULL',
  },
  {
    ...of('parked-message/groups'),
    ...listed,
    name: 'what failed of a key is no group of its own',
    find: ' AND key IS NULL',
    replace: '',
  },
  {
    ...of('parked-message/groups'),
    ...listed,
    name: 'what has no key and waits for a topic is no group of its own',
    find: ' AND error_code IS NOT NULL',
    replace: '',
  },
  {
    ...of('parked-message/held-by-pause'),
    ...listed,
    name: 'what failed itself is not counted to a pause',
    find: ' AND (key IS NOT NULL OR error_code IS NULL)',
    replace: '',
  },
  {
    ...of('parked-message/held-by-pause'),
    ...listed,
    name: 'what a key holds is not counted to a pause',
    find: '\n        HAVING count(*) = count(id)',
    replace: '',
  },
  {
    ...of('parked-message/held-by-pause'),
    ...listed,
    name: 'what an inbox blocks is counted to a pause',
    find: " WHERE ${isOutgoing('blocked')}",
    replace: '${isOutgoing("").slice(0, 0)}',
  },
  {
    ...of('parked-message/held-by-pause'),
    ...sent,
    name: 'no pause ends for what is not meant',
    find: 'WHERE ${condition} AND (key',
    replace: 'WHERE (${condition} OR true) AND (key',
  },
  {
    ...of('parked-message/retry'),
    ...sent,
    name: 'a retry is of the outbox’s keys',
    find: "${isOutgoing('blocked')} AND ${isKeyAmong",
    replace: '${isKeyAmong',
  },
  {
    ...of('parked-message/retry'),
    ...sent,
    name: 'a retry is of the messages that are meant',
    find: "WHERE ${isSelected('message')} AND key",
    replace: 'WHERE key',
  },
  {
    ...of('parked-message/retry'),
    ...sent,
    name: 'a retry of a key is not of its messages',
    find: ' AND key IS NULL',
    replace: '',
  },
  {
    ...of('parked-message/retry'),
    ...sent,
    name: 'a retry of a topic is not of what the topic holds',
    find: ' AND error_code IS NOT NULL',
    replace: '',
  },
  {
    ...of('parked-message/retry'),
    ...sent,
    name: 'a retry ends the pauses of what is meant',
    find: '\n      WHERE topic = ANY (ARRAY(SELECT topic FROM held))',
    replace: '',
  },
  {
    ...of('parked-message/selection'),
    ...discarded,
    name: 'what is meant by a topic is of that',
    find: '${name}.topic = $${first + 1}::text',
    replace: 'true',
  },
  {
    ...of('parked-message/selection'),
    ...discarded,
    name: 'what is meant by a key is of that',
    find: "sha256(${name}.key) = sha256(decode($${first + 2}::text, 'base64'))",
    replace: 'true',
  },
  {
    ...of('parked-message/selection'),
    ...discarded,
    name: 'what is meant is of the outbox',
    find: '`${isOutgoing(name)} AND ${isAmong(name, 1)}`',
    replace: '`${isOutgoing(name).slice(0, 0)}${isAmong(name, 1)}`',
  },
  {
    ...of('parked-message/selection'),
    ...sent,
    name: 'a topic means its keys',
    find: 'blocked.topic = $${first + 1}::text',
    replace: 'true',
  },
  {
    ...of('parked-message/selection'),
    ...sent,
    name: 'a key means itself',
    find: "blocked.key_digest = sha256(decode($${first + 2}::text, 'base64'))",
    replace: 'true',
  },
  {
    ...of('parked-message/selection'),
    ...handled,
    name: 'a key without messages is not meant',
    find: '\n      AND ${hasMessage(schema, (name) => `${isOf(name)} AND ${isAmongOfKey(name, first)}`)}`',
    replace: '${hasMessage(schema, isOf).slice(0, 0)}`',
  },
  {
    ...of('parked-message/selection'),
    ...discardedOfInbox,
    name: 'what is meant by ids of an inbox is those',
    find: '(${name}.id = ANY ($${first}::bigint[])) IS TRUE',
    replace: 'true',
  },
  {
    ...of('parked-inbox/selection'),
    ...handled,
    name: 'a retry is of the inbox’s keys',
    find: "${isOf('blocked')} AND ${isKeyAmong",
    replace: '${isKeyAmong',
  },
  {
    ...of('parked-inbox/selection'),
    ...discardedOfInbox,
    name: 'a discard is of the inbox’s messages',
    find: '`${isOf(name)} AND ${isAmong(name, 2)}`',
    replace: "`$1::text <> '' AND ${isAmong(name, 2)}`",
  },
  {
    ...of('parked-inbox/selection'),
    ...discardedOfInbox,
    name: 'a discard of a key is of the inbox’s messages',
    find: '`${isOf(name)} AND ${isAmongOfKey(name, 2)}`',
    replace: '`${isAmongOfKey(name, 2)}`',
  },
  {
    ...of('parked-message/behind'),
    ...told,
    name: 'what waits is counted on its side',
    find: "${isOf('message')} AND ${isOfBlocked",
    replace: '${isOfBlocked',
  },
  {
    ...of('parked-message/behind'),
    ...told,
    name: 'nothing is told of a key whose oldest message stays',
    find: '\n      WHERE held.first = meant.first',
    replace: '',
  },
  {
    ...of('parked-message/behind'),
    ...told,
    name: 'what waits is told of keys of its side',
    find: "${isOf('blocked')} AND blocked.topic",
    replace: "(${isOf('blocked')} OR true) AND blocked.topic",
  },
  {
    ...of('parked-message/behind'),
    ...told,
    name: 'what waits is told of keys of its topic',
    find: ' AND blocked.topic = begun.topic',
    replace: '',
  },
  {
    ...of('parked-message/behind'),
    ...told,
    name: 'what waits is told of its key',
    find: ' AND blocked.key_digest = begun.key_digest',
    replace: '',
  },
  {
    ...of('parked-message/behind'),
    ...discarded,
    name: 'nothing is told of a key of which nothing is left',
    find: '\n        WHERE begun.behind > 0',
    replace: '',
  },
]
