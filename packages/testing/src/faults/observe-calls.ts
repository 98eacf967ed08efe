import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Called at a point of a port's life, named `<port>.<method>:<phase>`: `before` the call, `during` it (the request is
 * on its way, nothing has been answered yet), and `after` it has resolved. It may kill or pause its process, or throw.
 */
export type ReachPoint = (point: string) => void | Promise<void>

/** What becomes of an argument list or a result on its way through. */
export interface Rewrites {
  readonly arguments?: Readonly<Record<string, (args: unknown[]) => unknown[]>>
  readonly result?: Readonly<Record<string, (result: unknown) => unknown>>
}

/** `target` with `reach` called around each of its asynchronous methods. */
export function observeCalls<T extends object>(
  port: string,
  target: T,
  reach: ReachPoint,
  rewrites: Rewrites = {},
): T {
  return new Proxy(target, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property)
      if (typeof value !== 'function') return value
      const name = String(property)
      return async (...args: unknown[]): Promise<unknown> => {
        await reach(`${port}.${name}:before`)
        const given = rewrites.arguments?.[name]?.(args) ?? args
        const answer = Promise.resolve(Reflect.apply(value, object, given))
        answer.catch(() => undefined) // It is awaited below; a failure while `during` is reached is no crash.
        await nextTurn()
        await reach(`${port}.${name}:during`)
        const result = await answer
        await reach(`${port}.${name}:after`)
        return rewrites.result?.[name]?.(result) ?? result
      }
    },
  })
}
