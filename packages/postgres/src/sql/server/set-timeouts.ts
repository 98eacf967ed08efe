import { noRow, run, type SqlSession, type Statement } from '../statement.js'

/** Bounds the statements and the pauses of the transaction that it runs in. */
const setTimeouts: Statement<{ readonly timeoutMs: number }, null> = {
  name: 'server.set_timeouts',
  text: () => `
    SELECT set_config('statement_timeout', $1::text, true) AS statement_timeout,
      set_config('idle_in_transaction_session_timeout', $1::text, true) AS idle_timeout`,
  bind: ({ timeoutMs }) => [`${Math.ceil(timeoutMs)}ms`],
  decode: noRow,
}

/**
 * Bounds an open transaction on the server, for clients that cannot put it into their BEGIN: no statement and no pause is
 * longer than `timeoutMs`. A client that gives up waiting does not end what it waits for, nor the locks behind it.
 */
export async function boundTransaction(session: SqlSession, timeoutMs: number): Promise<void> {
  await run(session, setTimeouts, { timeoutMs })
}
