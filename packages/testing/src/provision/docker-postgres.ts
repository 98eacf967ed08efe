import { randomBytes } from 'node:crypto'
import { controlContainer, findDocker, passOver } from './docker.js'
import { freePort } from './free-port.js'
import { postgresReady } from './postgres-ready.js'
import type { PostgresServer } from './postgres-server.js'
import { Absence } from './server-source.js'

const image = 'postgres:18-alpine'

/** A PostgreSQL in a Docker container. */
export async function dockerPostgres(
  settings: Readonly<Record<string, string>>,
  log: (line: string) => void,
): Promise<PostgresServer | Absence> {
  const docker = await findDocker()
  if (docker instanceof Absence) return docker
  const password = randomBytes(16).toString('hex')
  // A fixed host port: one that Docker chose would change when the container starts again.
  const port = await freePort()
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const starting = new docker.GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withExposedPorts({ container: 5432, host: port })
    .withCommand(['postgres', ...flags])
    .withWaitStrategy(docker.Wait.forLogMessage('database system is ready to accept connections', 2))
    .start()
  const container = await starting.catch((error: unknown) => passOver(image, error, log))
  if (container instanceof Absence) return container
  const url = `postgres://postgres:${password}@${container.getHost()}:${port}/postgres`
  await postgresReady({ url })
  const control = await controlContainer(docker, container)
  const stop = async () => void (await container.stop())
  return {
    url,
    source: 'docker',
    stop,
    kill: control.kill,
    pause: control.pause,
    resume: control.resume,
    restart: async () => {
      await control.restart()
      await postgresReady({ url })
    },
    [Symbol.asyncDispose]: stop,
  }
}
