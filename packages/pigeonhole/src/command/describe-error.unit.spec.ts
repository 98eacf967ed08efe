import { PigeonholeError } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { describeError } from './describe-error.js'

const cause = new Error('behind it')
const coded = new PigeonholeError('TOPIC_MISSING', {
  message: 'no such topic',
  details: { topic: 'a' },
  cause,
})

describe('describeError', () => {
  it.each([
    [coded, 'TOPIC_MISSING: no such topic'],
    [new TypeError('of something else'), 'TypeError: of something else'],
    ['text', 'text'],
  ])('is one line: %o', (error, line) => {
    expect(describeError(error, { verbose: false })).toBe(line)
  })

  it('has the stack and what is behind it when asked', () => {
    const text = describeError(coded, { verbose: true })
    expect(text).toContain('no such topic')
    expect(text).toContain('behind it')
    expect(text).toMatch(/\n {4}at /)
  })

  it.each([true, false])(
    'has none of the values that PostgreSQL names beside its words: verbose %s',
    (verbose) => {
      const detail = 'Key (id)=(secret) already exists.'
      const duplicate = Object.assign(new Error('duplicate key'), { code: '23505', detail })
      const invalid = Object.assign(new Error('invalid input: "secret"', { cause: duplicate }), {
        code: '22P02',
      })
      const text = describeError(invalid, { verbose })
      expect(text).toContain('22P02')
      expect(text).not.toContain('secret')
    },
  )
})
