import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesCodec, jsonCodec, textCodec } from './codec.js'

describe('jsonCodec', () => {
  it('gives any JSON back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const bytes = await jsonCodec.encode(value)
        expect(JSON.stringify(await jsonCodec.decode(bytes))).toBe(JSON.stringify(value))
      }),
    )
  })

  it('gives a lone surrogate back, which JSON escapes', async () => {
    expect(await jsonCodec.decode(await jsonCodec.encode('\ud800'))).toBe('\ud800')
  })

  it.each([
    ['undefined', undefined, 'JSON has no form for a value of type undefined'],
    ['a function', () => 1, 'JSON has no form for a value of type function'],
    ['a bigint', 1n, 'BigInt'],
  ])('refuses %s', (_what, value, message) => {
    expect(() => jsonCodec.encode(value)).toThrow(message)
  })

  it('reads JSON that begins with a byte order mark', async () => {
    expect(await jsonCodec.decode(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 })
  })

  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    expect(() => jsonCodec.decode(Buffer.of(0x22, 0xff, 0x22))).toThrow(TypeError)
  })
})

describe('textCodec', () => {
  it('gives any text back that has a UTF-8 form', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ufeffa', '\u0000', ''))
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await textCodec.decode(await textCodec.encode(value))).toBe(value)
      }),
    )
  })

  it('refuses a lone surrogate, which would arrive as another character', () => {
    expect(() => textCodec.encode('a\ud800')).toThrow('lone surrogate')
  })

  it('refuses what is no string', () => {
    expect(() => textCodec.encode(1 as unknown as string)).toThrow('expected a string, got number')
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => textCodec.decode(Buffer.of(0xff))).toThrow(TypeError)
  })
})

describe('bytesCodec', () => {
  it('leaves bytes as they are', async () => {
    const bytes = Buffer.of(0, 255)
    expect(await bytesCodec.decode(await bytesCodec.encode(bytes))).toBe(bytes)
  })

  it('refuses what is no bytes', () => {
    expect(() => bytesCodec.encode('text' as unknown as Uint8Array)).toThrow(
      'expected a Uint8Array, got string',
    )
  })
})
