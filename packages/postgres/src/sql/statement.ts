/** What a statement may bind: each driver turns these into the same PostgreSQL values. Bigints go as text. */
export type SqlValue = string | number | boolean | null | readonly (string | number | null)[]

/** A row by its column names. Statements return only text, int4, bool and bytea, which every driver reads alike. */
export type SqlRow = Readonly<Record<string, unknown>>

/** Runs one statement on one connection, or in one transaction. The port that each database client implements. */
export interface SqlExecutor {
  query(text: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]>
}

/** One SQL statement with its parameters and rows typed. */
export interface Statement<Params, Row> {
  /** `table.verb`, for logs and traces. */
  readonly name: string
  /** The statement for a schema, whose name is given quoted. Nothing else is ever put into the text. */
  readonly text: (schema: string) => string
  readonly bind: (params: Params) => readonly SqlValue[]
  readonly decode: (row: SqlRow) => Row
}

/** An executor and the schema that its statements are for. */
export interface SqlSession {
  readonly executor: SqlExecutor
  /** Quoted. */
  readonly schema: string
}

/** Runs a statement and decodes its rows. */
export async function run<Params, Row>(
  { executor, schema }: SqlSession,
  statement: Statement<Params, Row>,
  params: Params,
): Promise<Row[]> {
  const rows = await executor.query(statement.text(schema), statement.bind(params))
  return rows.map(statement.decode)
}

/** As {@link run}, for a statement that returns one row whatever the tables hold. */
export async function runForOne<Params, Row>(
  session: SqlSession,
  statement: Statement<Params, Row>,
  params: Params,
): Promise<Row> {
  const [row] = await run(session, statement, params)
  if (row === undefined) throw new TypeError(`Statement ${statement.name} returned no row`)
  return row
}

/** Binds nothing. */
export const noParams = (): readonly SqlValue[] => []

/** Decodes nothing: for statements whose rows, if any, are only counted. */
export const noRow = (): null => null
