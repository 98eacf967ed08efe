import { describe, expect, it } from 'vitest'
import { untraced } from '../ports/tracing.js'
import { resolveOutboxOptions } from './outbox-options.js'
import { RecordingOutboxStore } from './recording-outbox-store.fake.js'

const store = new RecordingOutboxStore()

describe('resolveOutboxOptions', () => {
  it('has defaults below what a broker accepts by default', () => {
    expect(resolveOutboxOptions({ store })).toEqual({ store, maxMessageBytes: 1_000_000, tracing: untraced })
  })

  it.each([0, -1, 1.5, Number.NaN, '10' as unknown as number])(
    'refuses maxMessageBytes %s',
    (maxMessageBytes) => {
      expect(() => resolveOutboxOptions({ store, maxMessageBytes })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'maxMessageBytes' } }),
      )
    },
  )

  it('names the option nearest to an unknown one', () => {
    const options = { store, maxMesageBytes: 1 }
    expect(() => resolveOutboxOptions(options)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: { option: 'maxMesageBytes', nearest: 'maxMessageBytes' },
      }),
    )
  })
})
