import { dockerPostgres } from './docker-postgres.js'
import { embeddedPostgres } from './embedded-postgres.js'
import { environmentPostgres } from './environment-postgres.js'
import { type PostgresServer, postgresSettings, type StartPostgresOptions } from './postgres-server.js'
import { defaultSources, firstSource } from './server-source.js'
import { logToStandardError } from './standard-error.js'

/**
 * Finds or starts a PostgreSQL server for tests: the one that `PIGEONHOLE_TEST_DATABASE_URL` names, else one in
 * Docker (through testcontainers), else one from the binaries of embedded-postgres. What it starts ends with
 * `stop()`, or with this process however that ends.
 *
 * Throws PROVISIONING_FAILED, naming for each source what is missing and the command that mends it.
 */
export function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const { sources = defaultSources, log = logToStandardError } = options
  const settings = postgresSettings(options.settings)
  return firstSource<PostgresServer>({
    server: 'PostgreSQL',
    sources,
    open: {
      environment: environmentPostgres,
      docker: () => dockerPostgres(settings, log),
      embedded: () => embeddedPostgres(settings),
    },
  })
}
