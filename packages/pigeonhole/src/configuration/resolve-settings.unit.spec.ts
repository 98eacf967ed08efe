import { describe, expect, it } from 'vitest'
import { text, wholeNumber } from './format.js'
import { resolveSettings } from './resolve-settings.js'
import { optional, required } from './setting.js'
import { sourcesOf } from './sources.js'

const settings = {
  name: required({ flag: '--name <name>', variables: ['PIGEONHOLE_NAME'], about: 'names it', format: text }),
  port: optional(
    {
      flag: '--port <number>',
      variables: ['PIGEONHOLE_PORT', 'PORT'],
      about: 'where',
      format: wholeNumber({ min: 1 }),
    },
    9090,
  ),
  password: optional(
    {
      variables: ['PIGEONHOLE_PASSWORD'],
      about: 'a secret',
      format: wholeNumber({ min: 1 }),
      secret: true as const,
    },
    undefined,
  ),
}

function resolve(flags: Record<string, unknown>, environment: Record<string, string | undefined>) {
  return resolveSettings(settings, sourcesOf({ flags, environment }))
}

describe('resolveSettings', () => {
  it('takes the fallback of what is nowhere', () => {
    expect(resolve({ name: 'n' }, {})).toEqual({ name: 'n', port: 9090, password: undefined })
  })

  it('prefers a flag to its variables, and the first variable to the second', () => {
    const environment = { PIGEONHOLE_NAME: 'by variable', PIGEONHOLE_PORT: '2', PORT: '3' }
    expect(resolve({ name: 'by flag', port: '1' }, environment)).toMatchObject({ name: 'by flag', port: 1 })
    expect(resolve({}, environment)).toMatchObject({ name: 'by variable', port: 2 })
    expect(resolve({}, { ...environment, PIGEONHOLE_PORT: undefined })).toMatchObject({ port: 3 })
  })

  it('passes over a variable that is empty', () => {
    expect(resolve({ name: 'n' }, { PIGEONHOLE_PORT: '', PORT: '3' })).toMatchObject({ port: 3 })
  })

  it('takes no flag for a setting that has none', () => {
    expect(resolve({ name: 'n', password: '7' }, {})).toMatchObject({ password: undefined })
  })

  it.each([
    [{ port: 'x' }, {}, '--port is "x": it takes a whole number from 1'],
    [{}, { PORT: '0' }, 'PORT is "0": it takes a whole number from 1'],
    [
      {},
      { PIGEONHOLE_PASSWORD: 'secret' },
      'PIGEONHOLE_PASSWORD cannot be read: it takes a whole number from 1',
    ],
  ])('names the place of a value that is refused: %j %j', (flags, environment, message) => {
    expect(() => resolve({ name: 'n', ...flags }, environment)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message }),
    )
  })

  it('names every way to give what is missing', () => {
    expect(() => resolve({}, {})).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringMatching(
          /^name is needed \(names it\): set --name <name> or PIGEONHOLE_NAME, or name in pigeonhole\.config\.mjs\. A \.env file /,
        ),
        details: { option: 'name' },
      }),
    )
  })
})
