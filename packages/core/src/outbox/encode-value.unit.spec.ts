import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Codec } from '../message/codec.js'
import { topic } from '../message/topic.js'
import { encodeValue } from './encode-value.js'

function encoding(encode: (value: unknown) => unknown): Codec<unknown> {
  return { encode: encode as Codec<unknown>['encode'], decode: () => undefined }
}

describe('encodeValue', () => {
  it('sends what passes the schema as it was given, not as the schema returns it', async () => {
    const schema = z.object({
      at: z.iso.datetime().transform((text) => new Date(text)),
      note: z.string().default('none'),
    })
    const bytes = await encodeValue(topic('orders', { schema }), { at: '2026-01-01T00:00:00Z' })
    expect(Buffer.from(bytes).toString()).toBe('{"at":"2026-01-01T00:00:00Z"}')
  })

  it('refuses what its schema refuses', async () => {
    const refused = encodeValue(topic('orders', { schema: z.object({ id: z.string() }) }), {
      id: 1 as unknown as string,
    })
    await expect(refused).rejects.toMatchObject({ code: 'VALUE_INVALID', details: { path: 'id' } })
  })

  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  it.each([
    ['a cycle', cycle],
    ['a bigint', { total: 1n }],
    ['undefined', undefined],
    ['a function', () => 1],
  ])('refuses %s', async (_what, value) => {
    await expect(encodeValue(topic<unknown>('orders'), value)).rejects.toMatchObject({
      code: 'VALUE_NOT_SERIALISABLE',
      details: { topic: 'orders' },
      cause: expect.any(TypeError),
    })
  })

  it('awaits a codec that answers later', async () => {
    const codec = encoding(async (value) => Buffer.from(String(value)))
    expect(await encodeValue(topic<unknown>('orders', { codec }), 12)).toEqual(Buffer.from('12'))
  })

  it.each([[undefined], [null], ['text']])(
    'refuses a codec that gives %j instead of bytes',
    async (encoded) => {
      const codec = encoding(() => encoded)
      await expect(encodeValue(topic<unknown>('orders', { codec }), 1)).rejects.toMatchObject({
        code: 'VALUE_NOT_SERIALISABLE',
      })
    },
  )

  it("keeps a codec's own error as the cause and its text, which may quote the value, out of the message", async () => {
    const cause = new Error('secret is not an int')
    const codec = encoding(() => {
      throw cause
    })
    const error: Error = await encodeValue(topic<unknown>('orders', { codec }), 'secret').catch((e) => e)
    expect(error).toMatchObject({ code: 'VALUE_NOT_SERIALISABLE', cause })
    expect(error.message).not.toContain('secret')
  })
})
