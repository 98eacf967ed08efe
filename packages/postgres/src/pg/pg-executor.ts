import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import type { SqlExecutor, SqlRow } from '../sql/statement.js'
import { type StatementNames, unnamed } from './statement-names.js'

/**
 * Runs statements on a client of node-postgres.
 * Errors that concern the store arrive coded, others as they are.
 */
export function pgExecutor(
  client: pg.ClientBase,
  schema: string,
  nameOf: StatementNames = unnamed,
): SqlExecutor {
  return {
    async query(text, values) {
      try {
        const name = nameOf(text)
        const named = name === undefined ? {} : { name }
        const { rows } = await client.query<SqlRow>({ ...named, text, values: [...values], types })
        return rows
      } catch (error) {
        throw driverError(error, schema) ?? error
      }
    },
  }
}

type TextParser = (value: string) => unknown

// The types that statements return. pg's own parsers are global to the process, and applications change them.
const parsers: ReadonlyMap<number, TextParser> = new Map<number, TextParser>([
  [16, (value) => value === 't'], // bool
  [17, parseBytes], // bytea
  [23, Number], // int4
  [701, Number], // float8
])
const asText: TextParser = (value) => value
const types = {
  getTypeParser: (oid: number): TextParser => parsers.get(oid) ?? asText,
} as pg.CustomTypesConfig

function parseBytes(value: string): Uint8Array {
  // The old 'escape' form is one that a server or a role may still be set to; transactions of ours ask for hex.
  if (!value.startsWith('\\x')) throw new TypeError("bytea_output is 'escape': set it to 'hex' for this role")
  return Buffer.from(value.slice(2), 'hex')
}
