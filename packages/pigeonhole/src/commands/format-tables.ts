import type { CatalogLine, TablesReport } from '@pigeonhole/postgres'

/** What `pigeonhole check` found, as people read it. */
export function formatTables(report: TablesReport, schema: string): string {
  return `${[...versionLines(report, schema), ...differences(report)].join('\n')}\n`
}

function versionLines({ version, needed }: TablesReport, schema: string): string[] {
  if (version === 0) return [`There are no tables of Pigeonhole's in schema "${schema}". ${howTo}`]
  if (version < needed)
    return [`Schema "${schema}" is at version ${version}, and this release needs ${needed}. ${howTo}`]
  if (version > needed)
    return [
      `Schema "${schema}" is at version ${version}, of a newer release than this one, which knows version ${needed}. That is fine; ` +
        'how the tables should be, only that release can say.',
    ]
  return [`Schema "${schema}" is at version ${version}, as this release needs.`]
}

const howTo = 'Run `pigeonhole init` and then `prisma migrate deploy`, or `pigeonhole migrate`.'

function differences({ version, needed, missing, unexpected }: TablesReport): string[] {
  if (version !== needed) return []
  if (missing.length + unexpected.length === 0) return ['Its tables are as the migrations make them.']
  const changed: readonly (readonly [sign: string, CatalogLine])[] = [
    ...missing.map((line) => ['-', line] as const),
    ...unexpected.map((line) => ['+', line] as const),
  ]
  const objects = [...new Set(changed.map(([, { object }]) => object))].sort()
  return [
    'Its tables differ from what the migrations make (- is missing, + is not of their making):',
    ...objects.flatMap((object) => [
      `  ${object}`,
      ...changed
        .filter(([, line]) => line.object === object)
        .map(([sign, { line }]) => `    ${sign} ${line}`),
    ]),
  ]
}
