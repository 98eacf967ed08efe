import { PigeonholeError } from '@pigeonhole/core'
import { parseItem } from 'structured-headers'

/** The header's name, in lower case. */
export const keyHeader = 'idempotency-key'

/**
 * The key in the value of a header `Idempotency-Key`: a structured field's string (`"8e03…"`, RFC 9651), as the IETF's draft
 * draft-ietf-httpapi-idempotency-key-header asks for, or the bare text that most clients send. Parameters are ignored, as the draft
 * says. What begins with a quotation mark is such a string or no key; no key begins with one (`keyScopeOf`), so that each has one bare
 * spelling, and one as a string. Undefined where there is no value.
 * @throws KEY_INVALID
 */
export function keyOfHeader(value: string | null | undefined, operation: string): string | undefined {
  const text = value?.trim()
  if (!text) return undefined
  if (!text.startsWith('"')) return text
  const key = stringOf(text)
  if (key) return key
  throw new PigeonholeError('KEY_INVALID', {
    message:
      `The header Idempotency-Key of ${operation} begins with a quotation mark, and is no string of a structured field, or an empty ` +
      'one: send the key bare, or between quotation marks',
    details: { operation },
  })
}

function stringOf(field: string): string | undefined {
  try {
    const [item] = parseItem(field)
    return typeof item === 'string' ? item : undefined
  } catch {
    return undefined
  }
}
