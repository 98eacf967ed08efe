import type { EventSource, InboxEvents } from '@pigeonhole/core'
import type { InboxRun, InboxRunEvents } from '@pigeonhole/kafkajs'
import { expect } from 'vitest'

type EventsOf<S> = S extends InboxRun ? InboxRunEvents : InboxEvents
type NameOf<S> = keyof EventsOf<S> & string

/** The next event `name` of an inbox or its run that `matches`. */
export function nextEvent<S extends object, K extends NameOf<S>>(
  source: S,
  name: K,
  matches: (data: EventsOf<S>[K]) => boolean = () => true,
): Promise<EventsOf<S>[K]> {
  return new Promise((resolve) => {
    const unsubscribe = sourceOf(source).on(name, (data) => {
      if (!matches(data)) return
      unsubscribe()
      resolve(data)
    })
  })
}

/** Collects the data of every event `name` from now on. */
export function collectEvents<S extends object, K extends NameOf<S>>(source: S, name: K): EventsOf<S>[K][] {
  const heard: EventsOf<S>[K][] = []
  sourceOf(source).on(name, (data) => heard.push(data))
  return heard
}

/** Expects of what `read` returns, as soon as it does so: servers of a busy machine take their time. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 30_000, interval: 50 })
}

function sourceOf<S extends object>(source: S): EventSource<EventsOf<S>> {
  return source as unknown as EventSource<EventsOf<S>>
}
