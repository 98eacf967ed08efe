import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kafkaChecks } from './kafka/checks/kafka-checks.js'
import { postgresChecks } from './postgres/checks/postgres-checks.js'
import { aboutReachable, reachable } from './unreachable.js'

const page = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8')

/** Name and subject of each check in the table below a heading. */
function documented(heading: string): unknown[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `([a-z-]+)` \| (.+) \| .+ \|$/gm)].map(([, name, about]) => ({
    name,
    about,
  }))
}

describe('docs/doctor.md', () => {
  it.each([
    ['PostgreSQL', 'postgres', postgresChecks],
    ['Kafka', 'kafka', kafkaChecks],
  ] as const)('has a row for each check of %s, and no other', (heading, side, checks) => {
    const own = checks.map(({ name, about }) => ({ name, about }))
    expect(documented(heading)).toEqual([{ name: reachable[side], about: aboutReachable[side] }, ...own])
  })
})
