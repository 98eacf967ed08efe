import { setTimeout as delay } from 'node:timers/promises'

/** `work`, or an error that names it after `ms`. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = delay(ms, undefined, { signal: over.signal }).then(
    () => Promise.reject(new Error(`${what} took more than ${ms} ms`)),
    () => new Promise<never>(() => undefined),
  )
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}

/** Whether `work` resolved within `ms` and before `over` aborts. Never rejects. */
export async function happens(work: Promise<unknown>, ms: number, over?: AbortSignal): Promise<boolean> {
  const enough = new AbortController()
  const signal = over ? AbortSignal.any([over, enough.signal]) : enough.signal
  const done = work.then(
    () => true,
    () => false,
  )
  const late = delay(ms, false, { signal }).catch(() => false)
  try {
    return await Promise.race([done, late])
  } finally {
    enough.abort()
  }
}

/** For how long, or how often at most, something is asked again. */
export interface Patience {
  readonly ms?: number
  readonly attempts?: number
}

/** Asks again and again whether it is so, with a pause between: servers are down. Resolves to whether it was. */
export async function asksUntil(
  { ms = Number.POSITIVE_INFINITY, attempts = Number.POSITIVE_INFINITY }: Patience,
  isSo: () => Promise<boolean>,
): Promise<boolean> {
  const until = performance.now() + ms
  for (let attempt = 1; !(await isSo()); attempt += 1) {
    if (attempt >= attempts || performance.now() > until) return false
    await delay(500)
  }
  return true
}
