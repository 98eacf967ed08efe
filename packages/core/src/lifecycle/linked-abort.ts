/** An abort of its own that another signal brings about too. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  readonly abort: () => void
  /** Leaves the other signal as it was before. */
  readonly unlink: () => void
}

/**
 * Links an abort to `source`. For what is made again and again while `source` lives on: Node keeps a record of every
 * signal of AbortSignal.any for as long as its sources live (Node 20: 130 bytes each, 60 MB a day of an idle relay).
 */
export function linkAbort(source: AbortSignal): LinkedAbort {
  const controller = new AbortController()
  const abort = (): void => controller.abort(source.reason)
  if (source.aborted) abort()
  else source.addEventListener('abort', abort, { once: true })
  const unlink = (): void => source.removeEventListener('abort', abort)
  return { signal: controller.signal, abort, unlink }
}
