import { storeUnavailable } from '../errors/sql-state-error.js'

/**
 * Settles as `work` does, or rejects when `timeoutMs` are over, after `onExpiry`. `work` itself goes on; what becomes of
 * it then is nobody's concern.
 * @throws STORE_UNAVAILABLE when the time is over.
 */
export function withDeadline<T>(timeoutMs: number, work: Promise<T>, onExpiry: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      onExpiry()
      reject(storeUnavailable({ message: `no answer within ${timeoutMs} ms` }))
    }, timeoutMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
