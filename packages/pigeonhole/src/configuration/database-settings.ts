import { defaultSchema } from '@pigeonhole/postgres'
import { postgresUrl, text } from './format.js'
import { optional, required, type Setting } from './setting.js'

/** Which database, and where in it. */
export const databaseSettings: {
  readonly databaseUrl: Setting<string>
  readonly schema: Setting<string>
} = {
  databaseUrl: required({
    flag: '--database-url <url>',
    variables: ['PIGEONHOLE_DATABASE_URL', 'DATABASE_URL'],
    about: 'the PostgreSQL database with the outbox',
    format: postgresUrl,
    secret: true,
  }),
  schema: optional(
    {
      flag: '--schema <name>',
      variables: ['PIGEONHOLE_SCHEMA'],
      about: "the PostgreSQL schema of Pigeonhole's tables",
      format: text,
    },
    defaultSchema,
  ),
}
