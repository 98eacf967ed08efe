// Puts the migrations, the models and the list of the tables, whose one source is /prisma, into the package: its tarball must carry them.
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../../../prisma/', import.meta.url))
const target = fileURLToPath(new URL('../dist/prisma/', import.meta.url))

rmSync(target, { recursive: true, force: true })
for (const part of ['migrations', 'schema', 'tables.txt'])
  cpSync(`${source}${part}`, `${target}${part}`, { recursive: true })
