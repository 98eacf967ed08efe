import type { ServerSource } from './server-source.js'

/** A PostgreSQL server for tests. */
export interface PostgresServer extends AsyncDisposable {
  /** Connects a superuser to the database `postgres`. Stays the same through {@link kill} and {@link restart}. */
  readonly url: string
  readonly source: ServerSource
  /** Ends the server and removes its data. Does nothing to a server of the environment, nor a second time. */
  stop(): Promise<void>
  /**
   * Kills every process of the server with SIGKILL at once, as a crash of the machine's process table would; its
   * files stay. Throws PROVISIONING_FAILED for a server of the environment.
   */
  kill(): Promise<void>
  /**
   * SIGSTOP to every process of the server: it holds its connections and answers nothing. Throws PROVISIONING_FAILED
   * for a server of the environment.
   */
  pause(): Promise<void>
  /** Ends a pause. Throws PROVISIONING_FAILED for a server of the environment. */
  resume(): Promise<void>
  /**
   * Starts the server again on its files, after shutting it down first if it runs, and resolves when it answers.
   * Throws PROVISIONING_FAILED for a server of the environment.
   */
  restart(): Promise<void>
}

/** Options of {@link startPostgres}. */
export interface StartPostgresOptions {
  /** Server settings by name, such as `{ wal_level: 'logical' }`. PostgreSQL's defaults otherwise, but 200 connections. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where the server may come from, in order. Default: environment, docker, embedded. */
  readonly sources?: readonly ServerSource[]
  /** Hears of what takes long or was passed over, a line at a time. Default: standard error. */
  readonly log?: (line: string) => void
}

/** The settings of a server for tests: those given, and room for many clients. */
export function postgresSettings(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { max_connections: '200', ...settings }
}
