import { type Check, Unexamined } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const pooler: Check<PostgresFacts> = {
  name: 'pooler',
  about:
    'a pooler between here and PostgreSQL, if there is one, gives a session to each transaction at least',
  judge({ pooler: mode }) {
    if (mode === 'statement') return [statementMode]
    if (mode === 'transaction') return [transactionMode]
    if (mode === 'unknown')
      return new Unexamined(
        'there is a pooler, and it gave no second session in time: its mode cannot be told',
      )
    return []
  },
}

const statementMode: Finding = {
  severity: 'broken',
  is: 'a pooler in statement mode stands before PostgreSQL: it refuses BEGIN',
  why: 'Everything here is done in transactions; nothing works through it.',
  fix: 'PgBouncer: pool_mode = transaction (or session) for this database, then RELOAD.',
}

const transactionMode: Finding = {
  severity: 'note',
  is: 'a pooler in transaction mode stands before PostgreSQL: sessions are shared between clients',
  why: 'All of Pigeonhole works through it, but preparedStatements: true only where PgBouncer is 1.21 or newer with max_prepared_statements above 0.',
  fix: 'Leave preparedStatements of postgresStore at false, or set max_prepared_statements. Its own timeouts cannot be seen from here: idle_transaction_timeout and query_timeout have to be 0 or longer than any transaction.',
}
