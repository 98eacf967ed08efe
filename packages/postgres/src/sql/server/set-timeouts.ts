import { noRow, run, type SqlSession, type Statement } from '../statement.js'

/** Bounds the statements, the pauses and the waits for locks of the transaction that it runs in. */
const setTimeouts: Statement<{ readonly timeoutMs: number }, null> = {
  name: 'server.set_timeouts',
  text: () => `
    SELECT set_config('statement_timeout', $1::text, true) AS statement_timeout,
      set_config('idle_in_transaction_session_timeout', $1::text, true) AS idle_timeout,
      set_config('lock_timeout', $2::text, true) AS lock_timeout`,
  bind: ({ timeoutMs }) => [`${Math.ceil(timeoutMs)}ms`, `${Math.ceil(timeoutMs / 2)}ms`],
  decode: noRow,
}

/**
 * Bounds an open transaction on the server, for clients that cannot put it into their BEGIN: no statement and no pause is
 * longer than `timeoutMs`, no lock is waited for longer than half of it. A client that gives up waiting does not end what it waits for, nor the locks behind it.
 */
export async function boundTransaction(session: SqlSession, timeoutMs: number): Promise<void> {
  await run(session, setTimeouts, { timeoutMs })
}
