import { describe, expect, it } from 'vitest'
import { readDoctorFlags } from './doctor-flags.js'

describe('what the doctor is told', () => {
  it('has defaults', () => {
    expect(readDoctorFlags({})).toEqual({
      roles: [],
      topics: [],
      idRetentionMs: 2_592_000_000,
      createTopics: false,
    })
  })

  it('names roles and topics, separated by commas', () => {
    expect(
      readDoctorFlags({
        publisher: 'shop',
        relay: 'r',
        topics: 'a,b',
        idRetentionMs: 'Infinity',
        createTopics: true,
      }),
    ).toEqual({
      roles: [
        { part: 'relay', role: 'r' },
        { part: 'publisher', role: 'shop' },
      ],
      topics: ['a', 'b'],
      idRetentionMs: Number.POSITIVE_INFINITY,
      createTopics: true,
    })
  })

  it.each([{ idRetentionMs: '1 day' }])('is refused: %j', (flags) => {
    expect(() => readDoctorFlags(flags)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})
