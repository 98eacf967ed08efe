import { access, chmod, chown, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { freePort } from './free-port.js'
import { logTail } from './log-tail.js'
import { postgresReady } from './postgres-ready.js'
import { provisioningFailed } from './provisioning-failed.js'
import { type UnprivilegedUser, unprivilegedUser } from './unprivileged-user.js'
import { openWarden, type RunningProcess, type Warden } from './warden-client.js'
import type { ProcessSpec } from './warden-messages.js'

/** Options of {@link startPgBouncer}. */
export interface StartPgBouncerOptions {
  /** A connection to the server that it stands before, which has to answer. Its user and password are all that it knows. */
  readonly url: string
  /** Settings of its section `pgbouncer` by name. Default: transaction mode, and what a restarted server asks for. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A PgBouncer in transaction mode, a process of this machine. */
export interface PgBouncer extends AsyncDisposable {
  /** Connects through it to the database of `url`; another one's name takes its place as usual. */
  readonly url: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): Promise<void>
  /** Ends a pause. */
  resume(): Promise<void>
  /** Starts it again, after ending it first if it runs. */
  restart(): Promise<void>
  /** Ends it and removes its files. A second call does nothing. */
  stop(): Promise<void>
}

/**
 * Starts the `pgbouncer` that is installed, on 127.0.0.1. What it starts ends with `stop()`, or with this process
 * however that ends.
 * @throws PROVISIONING_FAILED where it is not installed.
 */
export async function startPgBouncer(options: StartPgBouncerOptions): Promise<PgBouncer> {
  const command = await findProgram()
  const user = await unprivilegedUser()
  const warden = await openWarden('pgbouncer')
  try {
    const server = new LocalPgBouncer({ options, command, user, warden, port: await freePort() })
    await server.configure()
    await server.start()
    return server.handle()
  } catch (error) {
    await warden.close()
    throw error
  }
}

// Debian keeps it among the programs of the superuser, which others do not have on their path.
async function findProgram(): Promise<string> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  for (const folder of folders) {
    const program = join(folder, 'pgbouncer')
    const found = await access(program).then(
      () => true,
      () => false,
    )
    if (found) return program
  }
  throw provisioningFailed(
    'PgBouncer',
    'There is no program pgbouncer. Install it: apt-get install pgbouncer, brew install pgbouncer, or your system’s way',
  )
}

interface Setup {
  readonly options: StartPgBouncerOptions
  readonly command: string
  readonly user: UnprivilegedUser | undefined
  readonly warden: Warden
  readonly port: number
}

class LocalPgBouncer {
  readonly #setup: Setup
  readonly #configuration: string
  readonly #users: string
  readonly #logFile: string
  #process: RunningProcess | undefined

  constructor(setup: Setup) {
    this.#setup = setup
    const { directory } = setup.warden
    this.#configuration = join(directory, 'pgbouncer.ini')
    this.#users = join(directory, 'users.txt')
    this.#logFile = join(directory, 'pgbouncer.log')
  }

  get #url(): string {
    const url = new URL(this.#setup.options.url)
    url.host = `127.0.0.1:${this.#setup.port}`
    return url.href
  }

  async configure(): Promise<void> {
    const { options, user, warden } = this.#setup
    const { hostname, port, username, password } = new URL(options.url)
    const name = decodeURIComponent(username)
    await writeFile(this.#users, `"${name}" "${decodeURIComponent(password)}"\n`, { mode: 0o600 })
    await writeFile(this.#configuration, this.#text(`* = host=${hostname} port=${port}`))
    if (user === undefined) return
    await chmod(warden.directory, 0o711)
    for (const path of [this.#users, this.#configuration]) await chown(path, user.uid, user.gid)
  }

  async start(): Promise<void> {
    const started = await this.#setup.warden.spawn(this.#spec())
    this.#process = started
    const log = () => logTail(this.#logFile)
    const ended = started.exited.then(async () => {
      throw provisioningFailed(
        'PgBouncer',
        `PgBouncer ended instead of starting. Its log ends with:\n${await log()}`,
      )
    })
    await Promise.race([ended, postgresReady({ url: this.#url, log })])
  }

  handle(): PgBouncer {
    const stop = () => this.#setup.warden.close()
    return {
      url: this.#url,
      kill: async () => await this.#process?.kill(),
      pause: async () => await this.#process?.signal('SIGSTOP'),
      resume: async () => await this.#process?.signal('SIGCONT'),
      restart: async () => {
        await this.#process?.end('SIGTERM', 5_000)
        await this.start()
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  #text(database: string): string {
    const settings = {
      listen_addr: '127.0.0.1',
      listen_port: String(this.#setup.port),
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: this.#users,
      pool_mode: 'transaction',
      max_client_conn: '500',
      default_pool_size: '40',
      // A server that comes back is asked again at once, instead of after 15 s.
      server_login_retry: '1',
      server_connect_timeout: '3',
      ...this.#setup.options.settings,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
    return ['[databases]', database, '[pgbouncer]', ...lines, ''].join('\n')
  }

  #spec(): ProcessSpec {
    return {
      name: 'pgbouncer',
      command: this.#setup.command,
      args: [this.#configuration],
      cwd: this.#setup.warden.directory,
      logFile: this.#logFile,
      // SIGINT would wait for its clients; this is an immediate end.
      endSignal: 'SIGTERM',
      graceMs: 2_000,
      ...this.#setup.user,
    }
  }
}
