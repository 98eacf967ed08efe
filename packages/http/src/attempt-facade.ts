/** How an attempt stands before the response that it is given. */
export interface AttemptState<Res> {
  /** What the attempt has in the place of properties of the response. */
  readonly own: ReadonlyMap<PropertyKey, unknown>
  /** Whether the attempt has come to its end. */
  readonly isOver: () => boolean
  /** A response that goes nowhere, for what is left of the attempt. */
  readonly nobodys: () => Res
}

/**
 * The response as one attempt has it: `response` itself while the attempt runs, and one of nobody once it is over. What the handler
 * has left behind goes on with the same object, and changes nothing by it.
 */
export function attemptFacade<Res extends object>(response: Res, attempt: AttemptState<Res>): Res {
  let nobodys: Res | undefined
  const current = (): Res => {
    if (!attempt.isOver()) return response
    nobodys ??= attempt.nobodys()
    return nobodys
  }
  const facade: Res = new Proxy(response, {
    get(_, name) {
      if (attempt.own.has(name)) return attempt.own.get(name)
      const target = current()
      if (target === response || name in target) return Reflect.get(target, name, facade)
      // What a middleware has put on the response may write to it.
      const put = Reflect.get(response, name)
      return typeof put === 'function' ? () => facade : put
    },
    set: (_, name, value) => Reflect.set(current(), name, value),
    defineProperty: (_, name, descriptor) => Reflect.defineProperty(current(), name, descriptor),
    deleteProperty: (_, name) => Reflect.deleteProperty(current(), name),
    setPrototypeOf: (_, prototype) => Reflect.setPrototypeOf(current(), prototype),
  })
  return facade
}
