import { bool } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** Whether the server is in recovery: a standby. */
export const selectRecovery: Statement<null, boolean> = {
  name: 'server.select_recovery',
  text: () => 'SELECT pg_is_in_recovery() AS in_recovery',
  bind: noParams,
  decode: (row) => bool(row, 'in_recovery'),
}
