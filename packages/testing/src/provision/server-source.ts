import { provisioningFailed } from './provisioning-failed.js'

/** Where a test server comes from: the environment's variables, a Docker container, or processes of this machine. */
export type ServerSource = 'environment' | 'docker' | 'embedded'

/** The order in which sources are tried. */
export const defaultSources: readonly ServerSource[] = ['environment', 'docker', 'embedded']

/** Why a source has no server to give, and what to do to get one from it. */
export class Absence {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** Opens a server from one source, or says why that source has none. */
export type OpenServer<Server> = () => Promise<Server | Absence>

/** What {@link firstSource} chooses from. */
export interface SourceChoice<Server> {
  /** The name of the server in messages. */
  readonly server: string
  /** The order in which to try. */
  readonly sources: readonly ServerSource[]
  readonly open: Readonly<Record<ServerSource, OpenServer<Server>>>
}

/** The server of the first source that has one. Throws PROVISIONING_FAILED with every source's reason if none has. */
export async function firstSource<Server extends object>(choice: SourceChoice<Server>): Promise<Server> {
  const reasons: string[] = []
  for (const source of choice.sources) {
    const found = await choice.open[source]()
    if (!(found instanceof Absence)) return found
    reasons.push(`- ${source}: ${found.reason}`)
  }
  throw provisioningFailed(
    choice.server,
    `No ${choice.server} for the tests. Mend one of these:\n${reasons.join('\n')}`,
  )
}
