import { isOutgoing } from './own.js'

/**
 * Of each topic the messages that meet `condition` and that nothing but a pause of it can hold, as the query of a CTE: its topic, the
 * first one, and how many. Blocked keys and messages are grouped together: looked up for each message, a key went by all others
 * of a table that was not analyzed, and so did a join.
 */
export function heldByPause(schema: string, condition: string): string {
  return `
      SELECT topic, min(first) AS first, sum(messages)::bigint AS messages
      FROM (
        SELECT topic, min(id) AS first, count(id) AS messages
        FROM (
          SELECT topic, sha256(key) AS key_digest, id FROM ${schema}.parked_message AS message
          WHERE ${condition} AND (key IS NOT NULL OR error_code IS NULL)
          UNION ALL
          SELECT topic, key_digest, NULL FROM ${schema}.parked_key AS blocked WHERE ${isOutgoing('blocked')}
        ) AS messages_and_keys
        GROUP BY topic, key_digest
        HAVING count(*) = count(id)
      ) AS held
      GROUP BY topic`
}
