/** So long one that has not answered is asked last, in milliseconds. */
const askedLastMs = 60_000

/** Addresses of brokers that take connections and answer nothing, and until when they are asked last. */
const silent = new Map<string, number>()

/** Whether `error` says that kafkajs was given no answer within its `requestTimeout`. */
export function isTimeout(error: unknown): error is Error {
  return error instanceof Error && error.name === 'KafkaJSRequestTimeoutError'
}

/** Notes who has not answered, where `error` says so. */
export function noteSilence(error: unknown): void {
  if (!isTimeout(error)) return
  const { broker } = error as { readonly broker?: unknown }
  if (typeof broker === 'string') silent.set(broker, performance.now() + askedLastMs)
}

/** Whether the broker at `address`, `host:port`, has not answered a moment ago. */
export function isSilent(address: string): boolean {
  return performance.now() < (silent.get(address) ?? 0)
}

/** Where others cannot be connected to at all, those that were silent may be the ones that answer now. */
export function forgetSilence(): void {
  silent.clear()
}
