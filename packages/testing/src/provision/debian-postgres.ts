import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { debianPostgresTools } from './debian-tools.js'
import { freePort } from './free-port.js'
import { logTail } from './log-tail.js'
import { postgresReady } from './postgres-ready.js'
import { provisioningFailed } from './provisioning-failed.js'
import { logToStandardError } from './standard-error.js'
import { type UnprivilegedUser, unprivilegedUser } from './unprivileged-user.js'
import { waitUntil } from './wait-until.js'
import { openWarden, type RunningProcess, type Warden } from './warden-client.js'
import type { ProcessSpec } from './warden-messages.js'

/** A family of PostgreSQL 15 servers that are copied, dumped, upgraded and promoted with PostgreSQL's own tools. */
export class DebianPostgres implements AsyncDisposable {
  readonly #warden: Warden
  readonly #tools: string
  readonly #user: UnprivilegedUser | undefined
  #runs = 0

  private constructor(warden: Warden, tools: string, user: UnprivilegedUser | undefined) {
    this.#warden = warden
    this.#tools = tools
    this.#user = user
  }

  /** @throws PROVISIONING_FAILED naming the command that installs the tools. */
  static async open(log: (line: string) => void = logToStandardError): Promise<DebianPostgres> {
    const tools = await debianPostgresTools(log)
    const user = await unprivilegedUser()
    const family = new DebianPostgres(await openWarden('postgres-15'), tools, user)
    if (user) await chmod(family.#warden.directory, 0o711)
    return family
  }

  /** A new server, not started. */
  async initialise(name: string): Promise<DebianServer> {
    const server = await this.#place(name)
    await this.run('initdb', ['-D', server.data, '--username=postgres', '--auth=trust', '--no-sync'])
    return server
  }

  /** A physical copy of a running server, not started. As a `standby` it follows the original. */
  async copy(
    original: DebianServer,
    name: string,
    { standby = false }: { readonly standby?: boolean } = {},
  ): Promise<DebianServer> {
    const server = await this.#place(name)
    const follow = standby ? ['--write-recovery-conf'] : []
    const from = ['-h', '127.0.0.1', '-p', String(original.port), '-U', 'postgres']
    await this.run('pg_basebackup', ['-D', server.data, ...from, '-c', 'fast', '--no-sync', ...follow])
    return server
  }

  /** An empty folder that the servers may write to. */
  folder(name: string): Promise<string> {
    return this.#makeFolder(join(this.#warden.directory, name))
  }

  /**
   * Restores a base backup to a point in time with the WAL that `archive`, a folder, has kept: `target` is a setting
   * `recovery_target_...`. Resolves when it has left recovery.
   */
  async restore(
    backup: DebianServer,
    archive: string,
    target: Readonly<Record<string, string>>,
  ): Promise<void> {
    const signal = join(backup.data, 'recovery.signal')
    await writeFile(signal, '')
    await this.#giveAway(signal)
    const recovery = { restore_command: `cp ${archive}/%f %p`, recovery_target_action: 'promote' }
    await backup.start({ ...recovery, ...target })
    const holds = (): Promise<boolean> => hasRecovered(backup.url)
    await waitUntil({ server: 'PostgreSQL', holds, deadline: 30_000, interval: 50 })
  }

  /** Moves the data of a server that is stopped into a new one, as to a later version. */
  async upgrade(former: DebianServer, name: string): Promise<DebianServer> {
    const server = await this.initialise(name)
    const tools = ['-b', this.#tools, '-B', this.#tools]
    await this.run('pg_upgrade', [...tools, '-d', former.data, '-D', server.data, '-U', 'postgres'], server)
    return server
  }

  /** Dumps a database and loads it into another, which is made for it. */
  async dump(database: string, from: DebianServer, to: DebianServer): Promise<void> {
    const file = join(to.folder, 'dump.sql')
    const at = ({ port }: DebianServer): string[] => ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres']
    await this.run('pg_dump', [...at(from), '-f', file, database])
    await this.run('createdb', [...at(to), database])
    await this.run('psql', [...at(to), '-q', '-v', 'ON_ERROR_STOP=1', '-f', file, database])
  }

  /** Runs one of PostgreSQL's programs to its end. @throws PROVISIONING_FAILED with the end of its output. */
  async run(
    program: string,
    args: readonly string[],
    { folder }: { readonly folder?: string } = {},
  ): Promise<void> {
    this.#runs += 1
    const logFile = join(this.#warden.directory, `${program}-${this.#runs}.log`)
    const cwd = folder ?? '/'
    const { code } = await this.#warden.run(this.#spec({ program, args, logFile, cwd, name: logFile }))
    if (code !== 0)
      throw provisioningFailed('PostgreSQL', `${program} failed. It says:\n${await logTail(logFile)}`)
  }

  /** Ends every server and removes their data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#warden.close()
  }

  async #place(name: string): Promise<DebianServer> {
    const folder = join(this.#warden.directory, name)
    const data = join(folder, 'data')
    for (const path of [folder, data]) await this.#makeFolder(path)
    const port = await freePort()
    const launch = (args: readonly string[]): Promise<RunningProcess> => {
      const logFile = join(this.#warden.directory, `${name}.log`)
      const spec = this.#spec({ program: 'postgres', args, logFile, cwd: folder, name: `postgres-${name}` })
      return this.#warden.spawn(spec)
    }
    return new DebianServer({ folder, data, port, launch })
  }

  async #makeFolder(path: string): Promise<string> {
    await mkdir(path, { mode: 0o700 })
    await this.#giveAway(path)
    return path
  }

  async #giveAway(path: string): Promise<void> {
    if (this.#user) await chown(path, this.#user.uid, this.#user.gid)
  }

  #spec({
    program,
    ...rest
  }: Pick<ProcessSpec, 'args' | 'logFile' | 'cwd' | 'name'> & { program: string }): ProcessSpec {
    return {
      command: join(this.#tools, program),
      env: { LC_ALL: 'C.UTF-8' },
      endSignal: 'SIGINT',
      graceMs: 5_000,
      ...rest,
      ...this.#user,
    }
  }
}

async function hasRecovered(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query('SELECT pg_is_in_recovery() AS recovers')
    return rows[0]?.recovers === false
  } finally {
    await client.end()
  }
}

interface DebianServerParts {
  readonly folder: string
  readonly data: string
  readonly port: number
  readonly launch: (args: readonly string[]) => Promise<RunningProcess>
}

/** One server of the family. It trusts everybody on 127.0.0.1. */
export class DebianServer {
  readonly folder: string
  readonly data: string
  readonly port: number
  readonly #launch: DebianServerParts['launch']
  #process: RunningProcess | undefined

  constructor({ folder, data, port, launch }: DebianServerParts) {
    this.folder = folder
    this.data = data
    this.port = port
    this.#launch = launch
  }

  /** Connects a superuser to the database `postgres`. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`
  }

  /** Starts it, with `given` settings of postgresql.conf over its own. Resolves when it answers. */
  async start(given: Readonly<Record<string, string>> = {}): Promise<void> {
    const own = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(this.port) }
    const settings = Object.entries({ ...own, ...given })
    const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#process = await this.#launch(['-D', this.data, ...flags])
    await postgresReady({ url: this.url })
  }

  /** Shuts it down in an orderly way. */
  async stop(): Promise<void> {
    await this.#process?.end('SIGINT', 20_000)
  }

  /** Kills all of its processes at once. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }
}
