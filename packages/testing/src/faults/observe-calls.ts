import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Called at a point of a port's life, named `<port>.<method>:<phase>`: `before` the call, `during` it (the request is
 * on its way, nothing has been answered yet), and `after` it has resolved or when it has `rejected`. It may kill or pause
 * its process, or throw.
 */
export type ReachPoint = (point: string) => void | Promise<void>

/** Makes a call in another way: `call` makes it as it is. */
export type Around = (
  args: readonly unknown[],
  call: (...args: readonly unknown[]) => Promise<unknown>,
) => Promise<unknown>

/** `target` with `reach` called around each of its asynchronous methods. Those named in `around` are called through that. */
export function observeCalls<T extends object>(
  port: string,
  target: T,
  reach: ReachPoint,
  around: Readonly<Record<string, Around>> = {},
): T {
  return new Proxy(target, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property)
      if (typeof value !== 'function') return value
      const name = String(property)
      const call = async (...args: readonly unknown[]): Promise<unknown> => Reflect.apply(value, object, args)
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await reach(`${port}.${name}:before`)
        const answer = around[name]?.(args, call) ?? call(...args)
        answer.catch(() => undefined) // It is awaited below; a failure while `during` is reached is no crash.
        await nextTurn()
        await reach(`${port}.${name}:during`)
        const result = await answer.catch(async (error: unknown) => {
          await reach(`${port}.${name}:rejected`)
          throw error
        })
        await reach(`${port}.${name}:after`)
        return result
      }
    },
  })
}
