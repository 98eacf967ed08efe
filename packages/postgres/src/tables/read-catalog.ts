import { type CatalogLine, selectTables } from '../sql/catalog/select-tables.js'
import { run, type SqlSession } from '../sql/statement.js'

/** The tables of a schema as PostgreSQL has them, without the schema's name: the same in every schema. */
export async function readCatalog(session: SqlSession, schema: string): Promise<CatalogLine[]> {
  const lines = await run(session, selectTables, { schema })
  return lines.map(({ object, line }) => {
    return { object, line: line.replaceAll(`${schema}.`, '').replaceAll(`"${schema}".`, '') }
  })
}
