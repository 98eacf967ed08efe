import { text } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** The current snapshot. */
export const selectSnapshot: Statement<null, string> = {
  name: 'server.select_snapshot',
  text: () => 'SELECT pg_current_snapshot()::text AS snapshot',
  bind: noParams,
  decode: (row) => text(row, 'snapshot'),
}
