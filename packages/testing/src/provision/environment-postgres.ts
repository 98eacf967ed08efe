import { postgresReady } from './postgres-ready.js'
import type { PostgresServer } from './postgres-server.js'
import { provisioningFailed } from './provisioning-failed.js'
import { Absence } from './server-source.js'

const variable = 'PIGEONHOLE_TEST_DATABASE_URL'

/** The server that PIGEONHOLE_TEST_DATABASE_URL names, which is used and never touched. */
export async function environmentPostgres(): Promise<PostgresServer | Absence> {
  const url = process.env[variable]
  if (url === undefined || url === '') return new Absence(`${variable} is not set`)
  await postgresReady({ url, deadline: 5_000 }).catch((error: unknown) => {
    throw provisioningFailed(
      'PostgreSQL',
      `The server that ${variable} names does not answer. Start it, correct the URL, or unset ${variable}`,
      error,
    )
  })
  const stop = () => Promise.resolve()
  return {
    url,
    source: 'environment',
    stop,
    kill: () => refuse('killed'),
    pause: () => refuse('paused'),
    resume: () => refuse('resumed'),
    restart: () => refuse('restarted'),
    [Symbol.asyncDispose]: stop,
  }
}

function refuse(what: string): Promise<never> {
  const message =
    `The PostgreSQL server that ${variable} names belongs to you and is not ${what}. ` +
    "Start one of the test's own with startPostgres({ sources: ['docker', 'embedded'] })"
  return Promise.reject(provisioningFailed('PostgreSQL', message))
}
