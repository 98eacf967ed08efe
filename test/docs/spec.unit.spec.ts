import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { root } from './interface-docs.js'
import { readTable } from './markdown.js'

interface Model {
  readonly model: string
  readonly guards: Readonly<Record<string, unknown>>
}

interface Entry {
  readonly part: string
  readonly name: string
}

async function load<T>(script: string): Promise<T> {
  return (await import(pathToFileURL(path.join(root, 'scripts', script)).href)) as T
}

const { models } = await load<{ readonly models: readonly Model[] }>('spec/checks.mjs')
const { guards } = await load<{ readonly guards: readonly Entry[] }>('guards.mjs')
const rows = readTable('spec/README.md', 'Guards')

describe('docs/spec/README.md', () => {
  it('has a row for each guard that the specification is searched without, and no other', () => {
    const searched = models.flatMap(({ model, guards }) =>
      Object.keys(guards).map((name) => `\`${model}.${name}\``),
    )
    expect(rows.map(([name]) => name)).toEqual(searched)
  })

  it('names entries of scripts/guards that are there', () => {
    const known = new Set(guards.map(({ part, name }) => `${part}: ${name}`))
    const named = rows.map(([, , , entry]) => entry ?? '')
    expect(named.filter((entry) => entry !== '–' && !known.has(entry))).toEqual([])
  })
})

describe('the models', () => {
  it.each(models)(
    '$model has a macro for each guard, and is searched without each of its macros',
    ({ model, guards }) => {
      const text = readFileSync(path.join(root, 'docs/spec', `${model}.pml`), 'utf8')
      const macros = new Set([...text.matchAll(/NO_([A-Z]+)\b/g)].map(([, name]) => name ?? ''))
      // Why relay.pml is not searched without these two, the page says.
      const unneeded = model === 'relay' ? ['OTHERS', 'CONFIRMED'] : []
      expect([...macros].filter((name) => !unneeded.includes(name)).sort()).toEqual(
        Object.keys(guards).sort(),
      )
    },
  )

  it('are searched, every one', () => {
    const files = readdirSync(path.join(root, 'docs/spec')).filter((file) => file.endsWith('.pml'))
    const searched = models.map(({ model }) => `${model}.pml`)
    expect(files.filter((file) => file !== 'database.pml').sort()).toEqual(searched.sort())
  })
})
