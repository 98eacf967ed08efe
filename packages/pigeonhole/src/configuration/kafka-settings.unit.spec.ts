import { describe, expect, it } from 'vitest'
import { saslCredentials } from './kafka-settings.js'

const plain = { brokers: ['a:1'], kafkaSsl: false }
const given = { kafkaSaslMechanism: 'plain', kafkaSaslUsername: 'u', kafkaSaslPassword: 'p' } as const
const none = { kafkaSaslMechanism: undefined, kafkaSaslUsername: undefined, kafkaSaslPassword: undefined }

describe('saslCredentials', () => {
  it('are all or none', () => {
    expect(saslCredentials({ ...plain, ...given })).toEqual({
      mechanism: 'plain',
      username: 'u',
      password: 'p',
    })
    expect(saslCredentials({ ...plain, ...none })).toBeUndefined()
  })

  it.each(['kafkaSaslMechanism', 'kafkaSaslUsername', 'kafkaSaslPassword'])(
    'are refused with %s alone, and without',
    (name) => {
      const key = name as keyof typeof given
      for (const values of [
        { ...none, [key]: given[key] },
        { ...given, [key]: undefined },
      ]) {
        expect(() => saslCredentials({ ...plain, ...values })).toThrow(
          expect.objectContaining({
            code: 'OPTION_INVALID',
            message: expect.stringContaining('set all of them, or none'),
          }),
        )
      }
    },
  )
})
