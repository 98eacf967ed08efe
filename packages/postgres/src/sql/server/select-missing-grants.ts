import { text } from '../decode.js'
import type { Statement } from '../statement.js'

/**
 * The GRANTs that a relay needs and the current role does not have, one a row, ready to run. `$1` is the quoted schema.
 */
export const selectMissingGrants: Statement<{ readonly schema: string }, string> = {
  name: 'server.select_missing_grants',
  text: () => `
    SELECT format('GRANT %s ON %s TO %I', privilege, name, current_user) AS missing
    FROM (VALUES
      ('outbox_message', 'SELECT'), ('outbox_message', 'DELETE'),
      ('relay_identity', 'SELECT'), ('relay_identity', 'INSERT'), ('relay_identity', 'UPDATE'),
      ('relay_shard', 'SELECT'), ('relay_shard', 'INSERT'), ('relay_shard', 'UPDATE'),
      ('relay_batch', 'SELECT'), ('relay_batch', 'INSERT'), ('relay_batch', 'DELETE'),
      ('parked_key', 'SELECT'), ('parked_key', 'INSERT'), ('parked_key', 'UPDATE'), ('parked_key', 'DELETE'),
      ('parked_message', 'SELECT'), ('parked_message', 'INSERT'), ('parked_message', 'UPDATE'), ('parked_message', 'DELETE'),
      ('paused_topic', 'SELECT'), ('paused_topic', 'INSERT'), ('paused_topic', 'UPDATE'), ('paused_topic', 'DELETE')
    ) AS needed (relation, privilege), format('%s.%I', $1::text, relation) AS name
    WHERE NOT has_table_privilege(name, privilege)
    UNION ALL
    SELECT format('GRANT EXECUTE ON FUNCTION pg_control_system() TO %I', current_user)
    WHERE NOT has_function_privilege('pg_control_system()', 'EXECUTE')`,
  bind: ({ schema }) => [schema],
  decode: (row) => text(row, 'missing'),
}
