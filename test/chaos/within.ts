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

/** Asks again and again whether it is so, for `ms` at most. Resolves to whether it was. */
export async function asksUntil(ms: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms
  while (!(await isSo())) {
    if (performance.now() > until) return false
    await delay(500)
  }
  return true
}
