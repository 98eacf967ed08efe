import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../docs/interface-docs.js'
import { commandsInText, readRunbooks } from './runbook.js'
import { walkedSections } from './walked-sections.js'

const sections = readRunbooks()
const withCommands = sections.filter(({ commands }) => commands.length > 0)

/** The anchor that a heading has on a page. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}

/** A walk of a section in a spec, and that nothing of it is left out: what runs the rest, or expects that there is none. */
function walkOf(title: string): RegExp {
  const section = String.raw`section\(\s*['"]${title}['"]`
  const endsWalk = String.raw`const (?<walk>\w+) =[^=]*${section}(?:(?!section\()[^])*\b\k<walk>\.(?:rest|end)\(\)`
  return new RegExp(String.raw`follow\('${title}'\)|${section}\)\.rest\(\)|${endsWalk}`)
}

describe('docs/operations.md', () => {
  it('has a walk for each section with commands, and no other', () => {
    expect(withCommands.map(({ title }) => title).toSorted()).toEqual(Object.keys(walkedSections).toSorted())
  })

  it.each(Object.entries(walkedSections))('has %s walked to its end by test/%s', (title, file) => {
    const spec = readFileSync(path.join(root, 'test', file), 'utf8')
    expect(spec).toMatch(walkOf(title))
  })

  it.each(sections)('has in $title no block but of what is run, or shown', ({ languages }) => {
    expect(languages.filter((language) => !['sh', 'sql', 'ts', ''].includes(language))).toEqual([])
  })

  it('names in its text no command but what is in a block, and so is run', () => {
    const run = withCommands.flatMap(({ commands }) => commands.map(({ text }) => text))
    expect(commandsInText().filter((command) => !run.includes(command))).toEqual([])
  })

  const anchors = new Set(sections.map(({ title }) => anchorOf(title)))
  const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

  it.each(['errors.md', 'configuration.md', 'doctor.md', 'metrics.md', 'guarantees.md', 'operations.md'])(
    'has every section that docs/%s points to',
    (page) => {
      const links = [...read(`docs/${page}`).matchAll(/\]\((?:operations\.md)?#([^)]+)\)/g)]
      const meant = links.filter(([link]) => page === 'operations.md' || link.includes('operations.md'))
      expect(meant.map(([, anchor]) => anchor).filter((anchor) => !anchors.has(anchor ?? ''))).toEqual([])
    },
  )

  it.each([
    'packages/pigeonhole/src/doctor/postgres/checks/version.ts',
    'packages/pigeonhole/src/doctor/kafka/checks/cluster-identity.ts',
    'packages/pigeonhole/src/doctor/kafka/checks/checkpoint-topic.ts',
  ])('has the section that %s names', (file) => {
    const [, title] = /docs\/operations\.md, "([^"]+)"/.exec(read(file)) ?? []
    expect(sections.map((section) => section.title)).toContain(title)
  })
})
