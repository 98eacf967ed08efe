import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'

/**
 * What tells of the end of a response, or of the room in it. To a handler whose response is captured it ends when the handler has
 * ended it; to everybody else when it has been sent.
 */
const ofTheEnd: ReadonlySet<string> = new Set(['close', 'drain', 'error', 'finish'])

const adding = ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const
const removing = ['off', 'removeListener'] as const

/** The methods of a response by which listeners come and go. */
export const listenerMethods: readonly string[] = [...adding, ...removing]

type Listening<Res> = (event: string, listener: (...args: unknown[]) => void) => Res

/** Whose listeners are kept apart. */
export interface ListenedResponse<Res extends ServerResponse> {
  readonly response: Res
  readonly own: EventEmitter
  /** What the methods return. */
  readonly facade: Res
}

/**
 * Those methods for a response whose handler's listeners for {@link ofTheEnd} are kept apart, in `own`: what waits for 'finish', as
 * `stream.pipeline` does, does not wait for an answer that leaves behind the handler's transaction.
 */
export function listeningTo<Res extends ServerResponse>({
  response,
  own,
  facade,
}: ListenedResponse<Res>): Readonly<Record<string, Listening<Res>>> {
  const real = Object.fromEntries(
    [...adding, ...removing].map((name) => [name, response[name].bind(response) as Listening<Res>]),
  )
  const exchanged: Record<string, Listening<Res>> = {}
  for (const name of adding)
    exchanged[name] = (event, listener) => {
      if (ofTheEnd.has(event)) own[name](event, listener)
      else real[name]?.(event, listener)
      return facade
    }
  for (const name of removing)
    exchanged[name] = (event, listener) => {
      own[name](event, listener)
      real[name]?.(event, listener)
      return facade
    }
  return exchanged
}
