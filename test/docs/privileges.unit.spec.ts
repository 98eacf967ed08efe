import { readFileSync } from 'node:fs'
import { grantsFor, type RolePart } from '@pigeonhole/postgres'
import { expect, it } from 'vitest'

const page = readFileSync(new URL('../../docs/privileges.md', import.meta.url), 'utf8')
const parts: readonly RolePart[] = ['publisher', 'consumer', 'caller', 'relay', 'operator']

/** Each privilege on each thing to each role, of statements in any form. */
function triplesOf(sql: string): string[] {
  const statements = [
    ...sql.replaceAll('"', '').matchAll(/GRANT (.*) ON (?:(?:SCHEMA|FUNCTION) )?(.*) TO (.*);/g),
  ]
  const triples = statements.flatMap(([, privileges = '', things = '', roles = '']) =>
    privileges
      .split(', ')
      .flatMap((privilege) =>
        things
          .split(', ')
          .flatMap((thing) => roles.split(', ').map((role) => `${privilege} on ${thing} to ${role}`)),
      ),
  )
  return triples.toSorted()
}

it('are those that the command prints', () => {
  const printed = parts.flatMap((part) => grantsFor(part, part)).join('\n')
  expect(triplesOf(page)).toEqual(triplesOf(printed))
})
