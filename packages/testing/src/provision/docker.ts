import type { StartedTestContainer } from 'testcontainers'
import { Absence } from './server-source.js'

/** The module of testcontainers, loaded only when Docker is tried. */
export type Testcontainers = typeof import('testcontainers')

/** testcontainers with a Docker daemon that answers, or why there is none. */
export async function findDocker(): Promise<Testcontainers | Absence> {
  let testcontainers: Testcontainers
  try {
    testcontainers = await import('testcontainers')
  } catch {
    return new Absence('testcontainers is not installed. Run: npm install --save-dev testcontainers@11.14.0')
  }
  try {
    await testcontainers.getContainerRuntimeClient()
    return testcontainers
  } catch {
    return new Absence('no Docker daemon answers. Install Docker and start it, then check with: docker info')
  }
}

/** What a failed start in Docker means for the sources that follow: one line in the log, then they get their turn. */
export function passOver(image: string, error: unknown, log: (line: string) => void): Absence {
  const reason = error instanceof Error ? error.message : String(error)
  log(`Docker cannot run ${image} (${reason}); looking for another way`)
  return new Absence(`Docker cannot run ${image} (${reason}). Try: docker pull ${image}`)
}

/** The moves on a container that testcontainers itself does not offer. */
export interface ContainerControl {
  /** SIGKILL to every process of the container; its files stay. */
  kill(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  /** Starts it again, after stopping it if it runs. */
  restart(): Promise<void>
}

/** Controls a started container through the Docker daemon. */
export async function controlContainer(
  testcontainers: Testcontainers,
  started: StartedTestContainer,
): Promise<ContainerControl> {
  const client = await testcontainers.getContainerRuntimeClient()
  const container = client.container.getById(started.getId())
  return {
    kill: async () => {
      // Killing the first process ends its whole process namespace.
      await container.kill({ signal: 'SIGKILL' })
      await container.wait()
    },
    pause: async () => void (await container.pause()),
    resume: async () => void (await container.unpause()),
    restart: async () => void (await container.restart({ t: 10 })),
  }
}
