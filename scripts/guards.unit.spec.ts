import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { guards } from './guards.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))

// Else a guard that was moved could no longer be taken out, and nobody would know before all of them are.
it('finds the text of each guard once, in the file where it says that it is', () => {
  const texts = new Map<string, string>()
  const textOf = (file: string): string => {
    const text = texts.get(file) ?? readFileSync(root + file, 'utf8')
    texts.set(file, text)
    return text
  }
  const stale = guards.flatMap(({ part, name, also = [], ...change }) =>
    [change, ...also]
      .filter(({ file, find }) => textOf(file).split(find).length !== 2)
      .map(({ file }) => `${part}: ${name}, in ${file}`),
  )
  expect(stale).toEqual([])
})

it('names a spec for each guard that is there', () => {
  const lost = guards
    .filter(({ spec }) => !existsSync(root + spec))
    .map(({ part, name }) => `${part}: ${name}`)
  expect(lost).toEqual([])
})
