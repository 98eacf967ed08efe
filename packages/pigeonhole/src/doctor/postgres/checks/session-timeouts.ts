import type { Check } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts, RelayDemands } from '../postgres-facts.js'

// A relay that is at rest looks at its outbox at least this often on some connection; others of its pool rest longer.
const idleMs = 10_000

// statement_timeout and idle_in_transaction_session_timeout are set anew by every transaction of a relay and a handler.
export const sessionTimeouts: Check<PostgresFacts> = {
  name: 'session-timeouts',
  about:
    "no timeout of the role's sessions is shorter than what a relay does: transaction_timeout, idle_session_timeout",
  judge({ settings, role, relay }) {
    const transaction = millisecondsOf(settings, 'transaction_timeout')
    const idle = millisecondsOf(settings, 'idle_session_timeout')
    return [
      ...(transaction > 0 && transaction < relay.transactionMs ? [short(transaction, role, relay)] : []),
      ...(idle > 0 && idle < idleMs ? [restless(idle, role)] : []),
    ]
  },
}

function millisecondsOf(settings: PostgresFacts['settings'], name: string): number {
  return Number(settings.get(name)?.value ?? 0)
}

function short(found: number, role: string, { transactionMs }: RelayDemands): Finding {
  return {
    severity: 'risk',
    is: `transaction_timeout is ${found} ms for sessions of ${role}`,
    why:
      `A relay's transaction may take ${transactionMs} ms, and sets no transaction_timeout of its own. One that is cut makes ` +
      'its shard open again: nothing is lost, and nothing is sent meanwhile. Handlers of an inbox may take longer still.',
    fix: `ALTER ROLE "${role}" SET transaction_timeout = 0;`,
  }
}

function restless(found: number, role: string): Finding {
  return {
    severity: 'risk',
    is: `idle_session_timeout is ${found} ms for sessions of ${role}`,
    why: 'The server ends connections that rest in the pool. One that is taken out at that moment fails, and the shard opens again.',
    fix: `ALTER ROLE "${role}" SET idle_session_timeout = 0;`,
  }
}
