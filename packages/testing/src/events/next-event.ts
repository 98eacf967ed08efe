import type { EventSource } from '@pigeonhole/core'

/**
 * Resolves to the data of the next event `name` of `source` that `matches`. Ask before you cause it: events of the past
 * are gone. It waits as long as its test may.
 */
export function nextEvent<M extends object, K extends keyof M & string>(
  source: EventSource<M>,
  name: K,
  matches: (data: M[K]) => boolean = () => true,
): Promise<M[K]> {
  return new Promise((resolve) => {
    const stop = source.on(name, (data) => {
      if (!matches(data)) return
      stop()
      resolve(data)
    })
  })
}
