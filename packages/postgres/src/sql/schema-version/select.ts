import { number } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** The version of the tables; 0 where no migration has recorded itself. */
export const selectSchemaVersion: Statement<null, number> = {
  name: 'schema_version.select',
  text: (schema) => `SELECT coalesce(max(version), 0)::int AS version FROM ${schema}.schema_version`,
  bind: noParams,
  decode: (row) => number(row, 'version'),
}
