import { PigeonholeError } from '@pigeonhole/core'
import { keyHeader } from '../key-header.js'

/**
 * What is sent, the same for each attempt.
 * @throws OPTION_INVALID where a repeat would not be the same request; TypeError where it is none that fetch would send
 */
export async function repeatableRequest(init: RequestInit, key: string): Promise<RequestInit> {
  const headers = new Headers(init.headers)
  if (headers.has(keyHeader)) throw keyInHeaders()
  headers.set(keyHeader, key)
  const body = await repeatableBody(init.body)
  return { ...init, headers, ...(body === undefined ? {} : { body }) }
}

async function repeatableBody(body: RequestInit['body']): Promise<RequestInit['body'] | undefined> {
  // A form's parts are divided by a text that is made anew each time it is sent: the repeat would be another request.
  if (body instanceof FormData) return await new Response(body).blob()
  const isStream =
    typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !(body instanceof Uint8Array)
  if (!isStream) return body
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      'Option body is a stream, which can be sent once, and not again where no answer comes: read it first, and pass text, bytes, a ' +
      'Blob, FormData or URLSearchParams',
    details: { option: 'body' },
  })
}

function keyInHeaders(): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', {
    message:
      'Option headers has an Idempotency-Key: pass it as key, in the third argument of idempotentFetch',
    details: { option: 'headers' },
  })
}
