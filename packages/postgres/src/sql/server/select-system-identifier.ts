import { text } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** What tells this PostgreSQL cluster, with its physical copies, from every other. */
export const selectSystemIdentifier: Statement<null, string> = {
  name: 'server.select_system_identifier',
  text: () => 'SELECT system_identifier::text AS system_identifier FROM pg_control_system()',
  bind: noParams,
  decode: (row) => text(row, 'system_identifier'),
}
