import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.js'

describe('canonicalJson', () => {
  it.each([
    [
      'of RFC 8785, 3.2.2',
      String.raw`{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }`,
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    ],
    [
      'by UTF-16, as RFC 8785, 3.2.3',
      String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`,
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    ['of names that look like indexes', '{"9":1,"10":2,"a":3}', '{"10":2,"9":1,"a":3}'],
    ['of -0', '[-0, 0]', '[0,0]'],
    [
      'of a name that objects have a meaning for',
      '{"b":1,"__proto__":{"a":2}}',
      '{"__proto__":{"a":2},"b":1}',
    ],
  ])('is the form %s', (_, text, form) => {
    expect(canonicalJson(text)).toBe(form)
  })

  it('is the same for the same JSON, however it is written, and says all that it says', () => {
    const reordered = (value: unknown): unknown =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([name, part]) => [name, reordered(part)]),
          )
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value = JSON.parse(text)
        const form = canonicalJson(text)
        expect(JSON.parse(form)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(JSON.stringify(reordered(value), undefined, 2))).toBe(form)
      }),
    )
  })

  it.each(['', '{', 'NaN', `${'['.repeat(1e5)}${']'.repeat(1e5)}`])('refuses what is none', (text) => {
    expect(() => canonicalJson(text)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'text' } }),
    )
  })
})
