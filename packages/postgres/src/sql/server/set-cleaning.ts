import { noParams, noRow, type Statement } from '../statement.js'

// Whoever reads the outbox waits behind a lock that is waited for. Below deadlock_timeout, so that no vacuum is ended for it.
const lockTimeoutMs = 50

// Pages wait while a partition is truncated and the transaction does not end, because its process stands still.
const idleTimeoutMs = 2_000

/**
 * Bounds what waits behind a cleaning, and has it fail where a policy would hide a row of the outbox from it: what is not
 * seen would be truncated unsent.
 */
export const setForCleaning: Statement<null, null> = {
  name: 'server.set_for_cleaning',
  text: () => `
    SELECT set_config('lock_timeout', '${lockTimeoutMs}ms', true), set_config('row_security', 'off', true),
      set_config('idle_in_transaction_session_timeout', '${idleTimeoutMs}ms', true)`,
  bind: noParams,
  decode: noRow,
}
