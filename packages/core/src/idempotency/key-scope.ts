import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { KeyScope } from '../ports/idempotency-store.js'

/** Longest key, tenant and operation. Three of them fit into an entry of PostgreSQL's index. */
const maxScopeLength = 255

/** A key and its scope, as a caller gives them. */
export interface AskedScope {
  /** What is asked for, as your service names it: `POST /orders`, `charge`. Keys of two operations are apart. */
  readonly operation: string
  /** 1 to 255 of ASCII's visible characters, the first none of `"`, chosen by the caller before the first attempt. */
  readonly key: string | undefined
  /**
   * Whose key it is: keys of two tenants are apart, and none gets another's answer. Take it from the authenticated caller.
   * @default ''
   */
  readonly tenant?: string
}

/**
 * The scope that is stored for what a caller gives.
 * @throws KEY_MISSING, KEY_INVALID, OPTION_INVALID
 */
export function keyScopeOf(asked: AskedScope): KeyScope {
  const { operation, key } = asked
  // A tenant that was looked up and not found is not the one that all share.
  const tenant = 'tenant' in asked ? asked.tenant : ''
  assertScopePart('operation', operation, { min: 1 })
  assertScopePart('tenant', tenant, { min: 0 })
  return { tenant, operation, key: assertKey(key, operation) }
}

// The alphabet of a header's value, without the space: a key travels in one, bare or as a structured field's string. What
// begins with a quotation mark is that string, and not the key in it: two spellings would be two keys.
function assertKey(key: string | undefined, operation: string): string {
  if (key === undefined || key === '') throw keyMissing(operation)
  if (typeof key === 'string' && /^[\x21\x23-\x7e][\x21-\x7e]{0,254}$/.test(key)) return key
  throw new PigeonholeError('KEY_INVALID', {
    message:
      `The idempotency key of ${operation} has ${String(key).length} characters, or others than ASCII's visible ones, or begins with a ` +
      `quotation mark: it takes 1 to ${maxScopeLength} of those, without the quotation marks of a header's value around it. A random UUID for ` +
      'each operation, kept for its repeats, does',
    details: { operation },
  })
}

function keyMissing(operation: string): PigeonholeError<'KEY_MISSING'> {
  return new PigeonholeError('KEY_MISSING', {
    message:
      `${operation} was asked for without an idempotency key: choose one for the operation (a random UUID does), before ` +
      'the first attempt, and send it with each repeat',
    details: { operation },
  })
}

function assertScopePart(
  option: string,
  value: unknown,
  { min }: { readonly min: number },
): asserts value is string {
  const isText = typeof value === 'string' && value.isWellFormed() && !value.includes('\u0000')
  if (isText && value.length >= min && value.length <= maxScopeLength) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option ${option} is ${JSON.stringify(value) ?? 'missing'}: it takes ${min} to ${maxScopeLength} characters, none of them U+0000`,
    details: { option },
  })
}
