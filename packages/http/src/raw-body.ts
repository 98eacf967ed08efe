import { PigeonholeError } from '@pigeonhole/core'

// By the request, which body parsers turn into something else.
const bodies = new WeakMap<object, Uint8Array>()

/** Keeps the bytes of a request's body as they came. */
export function keepBody(request: object, body: Uint8Array): void {
  bodies.set(request, body)
}

/** What a request's body is told by. */
export interface BodiedRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/**
 * The bytes of a request's body. Empty where it has none.
 * @throws OPTION_INVALID where nobody has kept them; `how` says how that is done.
 */
export function bodyOf(request: BodiedRequest, how: string): Uint8Array {
  const kept = bodies.get(request)
  if (kept) return kept
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if ((length === undefined || length === '0') && encoding === undefined) return new Uint8Array()
  throw new PigeonholeError('OPTION_INVALID', {
    message: `The bytes of the request's body were not kept, by which a repeat is told from another request: ${how}`,
    details: { option: 'keepRawBody' },
  })
}
