import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const docs = fileURLToPath(new URL('../../docs', import.meta.url))
const page = readFileSync(path.join(docs, 'debezium.md'), 'utf8')

/** The Java source of the transform that docs/debezium.md names. */
export const headersTransform: string = path.join(docs, 'debezium', 'OutboxHeaders.java')

/** The first block of a language on docs/debezium.md behind a heading. */
export function blockOf(language: string, heading: string): string {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  const block = section?.match(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's'))?.[1]
  if (block === undefined) throw new Error(`docs/debezium.md has no ${language} behind ${heading}`)
  return block
}

/** The connector's settings as docs/debezium.md gives them, for one database. */
export function connectorSettings(databaseUrl: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  return {
    ...(JSON.parse(blockOf('json', 'The connector')) as Record<string, string>),
    'database.hostname': hostname,
    'database.port': port,
    'database.user': username,
    'database.password': password,
    'database.dbname': pathname.slice(1),
  }
}
