import { describe, expect, it } from 'vitest'
import { relaySettings } from './relay-settings.js'

const settings = Object.entries(relaySettings)

describe('the settings of a relay', () => {
  it.each(settings.filter(([, { flag }]) => flag !== undefined))(
    '%s has a flag of its name',
    (name, { flag }) => {
      const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      expect(flag?.split(' ')[0]).toBe(`--${kebab}`)
    },
  )

  it.each(settings)('%s has a variable of its name, first', (name, { variables }) => {
    expect(variables[0]).toBe(`PIGEONHOLE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`)
  })

  it('have no two variables of one name', () => {
    const variables = settings.flatMap(([, setting]) => setting.variables)
    expect(new Set(variables).size).toBe(variables.length)
  })

  it('keep passwords off the command line, but for the URL of a database, which is never shown', () => {
    const secrets = settings.filter(([, { secret }]) => secret).map(([name, { flag }]) => [name, flag])
    expect(secrets).toEqual([
      ['databaseUrl', '--database-url <url>'],
      ['kafkaSaslPassword', undefined],
      ['pageToken', undefined],
    ])
  })
})
