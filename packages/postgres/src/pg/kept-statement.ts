import type pg from 'pg'
import { serialize } from 'pg-protocol'
import type { SqlRow, SqlValue } from '../sql/statement.js'

/** What a statement is run with. */
export interface KeptRun {
  readonly values: readonly SqlValue[]
  /** What is run before it, in the same message: it is run only if that is. */
  readonly before: Before | undefined
  /** What is run behind it, in the same message: only if it has not failed. */
  readonly after: After | undefined
}

/** Statements that another one takes along. */
export interface Before {
  readonly statements: readonly string[]
  /** Is told that one of them has failed. */
  readonly failed: (error: unknown) => void
}

/** Statements that travel behind another one. */
export interface After {
  readonly statements: readonly string[]
  /** Is told that all of them have been run. */
  readonly done: () => void
}

/** A column of the rows of a statement. */
interface Column {
  readonly name: string
  readonly parse: (value: string) => unknown
}

/** What is used of a connection of node-postgres, as pg-cursor uses it. */
interface Connection {
  readonly stream: { cork(): void; uncork(): void; write(bytes: Buffer): unknown }
  readonly parsedStatements: Record<string, string | undefined>
  bind(config: { readonly statement: string; readonly values: readonly (string | null)[] }): void
  execute(config: object): void
  sync(): void
}

/** By the connection that has prepared the statements, and their names. */
const kept = new WeakMap<object, Map<string, KeptStatement>>()

/**
 * A statement that a connection has prepared and of whose rows the columns are known. It is run in fewer and shorter messages
 * than node-postgres sends: nothing is described again, and what comes before it travels with it.
 */
export class KeptStatement {
  readonly name: string
  readonly text: string
  readonly columns: readonly Column[]

  private constructor(name: string, text: string, columns: readonly Column[]) {
    this.name = name
    this.text = text
    this.columns = columns
  }

  /** The statement, if this client's connection has it. */
  static of(client: pg.ClientBase, name: string): KeptStatement | undefined {
    const connection = connectionOf(client)
    const statement = connection && kept.get(connection)?.get(name)
    return statement && connection.parsedStatements[name] === statement.text ? statement : undefined
  }

  /** Remembers a statement that this client's connection has just prepared. */
  static keep(
    client: pg.ClientBase,
    { name, text, columns }: Pick<KeptStatement, 'name' | 'text' | 'columns'>,
  ): void {
    const connection = connectionOf(client)
    if (!connection) return
    const statements = kept.get(connection) ?? new Map()
    kept.set(connection, statements)
    statements.set(name, new KeptStatement(name, text, columns))
  }

  /** Forgets all that this client's connection was known to have: somebody has sent DEALLOCATE or DISCARD. */
  static forgetAll(client: pg.ClientBase): void {
    const connection = connectionOf(client)
    if (!connection) return
    for (const name of kept.get(connection)?.keys() ?? []) delete connection.parsedStatements[name]
    kept.delete(connection)
  }

  run(client: pg.ClientBase, given: KeptRun): Promise<readonly SqlRow[]> {
    return new Promise((resolve, reject) => {
      client.query(new KeptQuery(this, given, (error, rows) => (error ? reject(error) : resolve(rows))))
    })
  }
}

// Not the client of libpq, nor one that sends before it has been answered: those are asked in their own ways.
function connectionOf(client: pg.ClientBase): Connection | undefined {
  const { connection, pipeline } = client as {
    readonly connection?: Partial<Connection>
    readonly pipeline?: unknown
  }
  const isKnown =
    !pipeline && typeof connection?.bind === 'function' && connection.parsedStatements !== undefined
  return isKnown ? (connection as Connection) : undefined
}

type Callback = (error: unknown, rows: readonly SqlRow[]) => void

/** One run of a kept statement, as node-postgres takes a query of a class that is not its own. */
class KeptQuery implements pg.Submittable {
  readonly name: string
  readonly text: string
  readonly values: readonly (string | null)[]
  /** Set by node-postgres. */
  binary = false
  /** Replaced by node-postgres where it bounds the time of a query. */
  callback: Callback
  readonly #columns: readonly Column[]
  readonly #before: Before | undefined
  readonly #after: After | undefined
  readonly #rows: SqlRow[] = []
  /** Of what is run before it, how many statements have not been yet. */
  #ahead: number
  #fault: unknown

  constructor(
    { name, text, columns }: KeptStatement,
    { values, before, after }: KeptRun,
    callback: Callback,
  ) {
    this.name = name
    this.text = text
    this.values = values.map((value) => (value === null ? null : String(value)))
    this.callback = callback
    this.#columns = columns
    this.#before = before
    this.#after = after
    this.#ahead = before?.statements.length ?? 0
  }

  // One Sync: where what comes before has failed, PostgreSQL passes over the statement, and over what comes after it.
  submit(connection: unknown): null {
    const { name: statement, values } = this
    const wire = connection as Connection
    wire.stream.cork()
    try {
      if (this.#before) wire.stream.write(messagesOf(this.#before.statements))
      wire.bind({ statement, values })
      wire.execute({})
      if (this.#after) wire.stream.write(messagesOf(this.#after.statements))
      wire.sync()
    } finally {
      wire.stream.uncork()
    }
    return null
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      this.#rows.push(rowOf(this.#columns, fields))
    } catch (error) {
      this.#fault = error
    }
  }

  handleReadyForQuery(): void {
    this.#after?.done()
    this.callback(this.#fault, this.#rows)
  }

  handleCommandComplete(): void {
    this.#ahead -= 1
  }

  handleError(error: unknown): void {
    if (this.#ahead > 0) this.#before?.failed(error)
    this.callback(error, [])
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

function rowOf(columns: readonly Column[], fields: readonly (string | null)[]): SqlRow {
  const row: Record<string, unknown> = {}
  columns.forEach(({ name, parse }, index) => {
    const value = fields[index]
    row[name] = value === null || value === undefined ? null : parse(value)
  })
  return row
}

const messages = new WeakMap<readonly string[], Buffer>()

// They run the statements one after the other, without a Sync: what follows one that fails is not run, up to the next Sync.
function messagesOf(statements: readonly string[]): Buffer {
  const known = messages.get(statements)
  if (known) return known
  const made = Buffer.concat(
    statements.flatMap((text) => [serialize.parse({ text }), serialize.bind(), serialize.execute()]),
  )
  messages.set(statements, made)
  return made
}
