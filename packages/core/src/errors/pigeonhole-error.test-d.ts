import { expectTypeOf } from 'vitest'
import type { ErrorCode } from './error-codes.js'
import { isPigeonholeError, PigeonholeError } from './pigeonhole-error.js'

declare const error: unknown

if (isPigeonholeError(error, 'MESSAGE_TOO_LARGE')) {
  expectTypeOf(error.code).toEqualTypeOf<'MESSAGE_TOO_LARGE'>()
  expectTypeOf(error.details.bytes).toEqualTypeOf<number>()
  // @ts-expect-error a detail of another code
  error.details.path
}

if (isPigeonholeError(error, 'VALUE_INVALID', 'TOPIC_MISSING')) {
  expectTypeOf(error.details.topic).toEqualTypeOf<string>()
  if (error.code === 'VALUE_INVALID') expectTypeOf(error.details.path).toEqualTypeOf<string>()
}

if (isPigeonholeError(error)) expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()

// @ts-expect-error no such code
isPigeonholeError(error, 'MESSAGE_TOO_BIG')
// @ts-expect-error details that are missing
new PigeonholeError('TOPIC_MISSING', { message: 'no such topic', details: {} })
