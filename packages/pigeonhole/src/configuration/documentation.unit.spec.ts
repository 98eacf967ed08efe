import { readFileSync } from 'node:fs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { PigeonholeConfig } from './pigeonhole-config.js'
import { relaySettings } from './relay-settings.js'
import type { Values } from './setting.js'

const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')
const config = readFileSync(new URL('./pigeonhole-config.ts', import.meta.url), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.includes('`PIGEONHOLE_') && line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

describe('docs/configuration.md', () => {
  it('has a row for each setting of the command, and no other', () => {
    const documented = rows.map(([, flag, variables]) => ({ flag, variables }))
    const expected = Object.values(relaySettings).map(({ flag, variables }) => ({
      flag: flag === undefined ? '' : `\`${flag.split(' ')[0]}\``,
      variables: variables.map((variable) => `\`${variable}\``).join(', '),
    }))
    expect(documented).toHaveLength(expected.length)
    expect(documented).toEqual(expect.arrayContaining(expected))
  })

  it.each(Object.entries(relaySettings))(
    'says what is taken without %s',
    (_name, { variables, required, fallback }) => {
      const [, , , shown] = rows.find(([, , cell]) => cell?.startsWith(`\`${variables[0]}\``)) ?? []
      if (required) expect(shown).toBe('needed')
      else if (fallback !== undefined) expect(shown).toBe(`\`${fallback}\``)
      else expect(shown).toMatch(/^(none|`-?\d+`)$/)
    },
  )
})

describe('the type of a configuration file', () => {
  type Given<T> = { [K in keyof T]-?: Exclude<T[K], undefined> }

  it('has what the settings have', () => {
    expectTypeOf<Given<PigeonholeConfig>>().toEqualTypeOf<Given<Values<typeof relaySettings>>>()
  })

  it.each(Object.entries(relaySettings))('says what is taken without %s', (name, { variables, required }) => {
    const [, comment] = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n  readonly ${name}\\?:`).exec(config) ?? []
    if (required) return expect(comment).toContain('Needed by ')
    const [, , , shown] = rows.find(([, , cell]) => cell?.startsWith(`\`${variables[0]}\``)) ?? []
    expect(comment?.split('@default ')[1]?.split(':')[0]?.replaceAll("'", '')).toBe(
      shown?.replaceAll('`', ''),
    )
  })
})
