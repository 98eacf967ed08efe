import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { root } from './interface-docs.js'
import { readTable } from './markdown.js'

interface Check {
  readonly model: string
  readonly name: string
  readonly holds: boolean
}

interface Entry {
  readonly part: string
  readonly name: string
}

async function load<T>(script: string): Promise<T> {
  return (await import(pathToFileURL(path.join(root, 'scripts', script)).href)) as T
}

const { checks } = await load<{ readonly checks: readonly Check[] }>('spec/checks.mjs')
const { guards } = await load<{ readonly guards: readonly Entry[] }>('guards.mjs')
const rows = readTable('spec/README.md', 'Guards')
const models = [...new Set(checks.map(({ model }) => model))]

/** The guards that a model is searched without. */
function guardsOf(model: string): string[] {
  const without = `${model}: without `
  return checks.filter(({ name }) => name.startsWith(without)).map(({ name }) => name.slice(without.length))
}

describe('docs/spec/README.md', () => {
  it('has a row for each guard that the specification is searched without, and no other', () => {
    const searched = models.flatMap((model) => guardsOf(model).map((name) => `\`${model}.${name}\``))
    expect(rows.map(([name]) => name)).toEqual(searched)
  })

  it('has a row for each search of a whole model, and no other', () => {
    const wholes = checks.filter(({ holds }) => holds).map(({ name }) => name)
    expect(readTable('spec/README.md', 'States').map(([name]) => name)).toEqual(wholes)
  })

  it('names entries of scripts/guards that are there', () => {
    const known = new Set(guards.map(({ part, name }) => `${part}: ${name}`))
    const named = rows.map(([, , , entry]) => entry ?? '')
    expect(named.filter((entry) => entry !== '–' && !known.has(entry))).toEqual([])
  })
})

describe('the models', () => {
  it.each(models)('%s has a macro for each guard, and is searched without each of its macros', (model) => {
    const text = readFileSync(path.join(root, 'docs/spec', `${model}.pml`), 'utf8')
    const macros = new Set([...text.matchAll(/NO_([A-Z]+)\b/g)].map(([, name]) => name ?? ''))
    // Why these are not searched without them, the page says.
    const unneeded = { relay: ['OTHERS', 'CONFIRMED'], parking: ['FORGET'] }[model] ?? []
    expect([...macros].filter((name) => !unneeded.includes(name)).sort()).toEqual(guardsOf(model).sort())
  })

  it('are searched, every one', () => {
    const files = readdirSync(path.join(root, 'docs/spec')).filter((file) => file.endsWith('.pml'))
    const searched = models.map((model) => `${model}.pml`)
    expect(files.filter((file) => file !== 'database.pml').sort()).toEqual(searched.sort())
  })
})
