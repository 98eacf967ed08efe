import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { shellWord } from './shell-word.js'

it.each([
  ['order-7', 'order-7'],
  ['', "''"],
  ['two words', "'two words'"],
  ["it's $HOME; `id`", "'it'\\''s $HOME; `id`'"],
  ['kunde-ä', "'kunde-ä'"],
  ["a\u001b[31m\nb'\\", "$'a\\U0000001b\\U0000005b31m\\U0000000ab\\U00000027\\U0000005c'"],
])('%j is a word of its own, which a shell reads as that', (text, word) => {
  expect(shellWord(text)).toBe(word)
  const read = execFileSync('bash', ['--norc', '-c', `printf %s ${word}`], { env: { LC_ALL: 'C.UTF-8' } })
  expect(String(read)).toBe(text)
})
