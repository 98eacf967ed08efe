import { PigeonholeError } from '@pigeonhole/core'

/**
 * What becomes of a call of a port. `late`: the caller is told of a broken connection, and the request arrives later all
 * the same.
 */
export type Fate = 'done' | 'refused' | 'reply-lost' | 'late'

/** A call that waits to be let through. */
export interface WaitingCall {
  readonly process: object
  readonly name: string
  readonly pass: (fate: Fate) => void
}

/** Where every call of every port waits for the history to say that it goes on, and how. */
export class CallGate {
  #waiting: WaitingCall[] = []
  readonly #dead = new WeakSet<object>()

  get waiting(): readonly WaitingCall[] {
    return this.#waiting
  }

  /** Runs `effect` once the history lets the call through. Never settles when the process was killed. */
  async call<R>(process: object, name: string, effect: () => Promise<R>): Promise<R> {
    const fate = await this.arrive(process, name)
    if (fate === 'refused') throw broken(name)
    if (fate === 'late') {
      void this.arrive(this, `${name} (late)`)
        .then(effect)
        .catch(() => undefined)
      throw broken(name)
    }
    const result = await effect()
    if (fate === 'reply-lost') throw broken(name)
    return this.isDead(process) ? new Promise<never>(() => undefined) : result
  }

  /** Waits at the gate. A call of the network itself has the gate as its process. */
  arrive(process: object, name: string): Promise<Fate> {
    return new Promise((pass) => {
      if (!this.isDead(process)) this.#waiting.push({ process, name, pass })
    })
  }

  pass(call: WaitingCall, fate: Fate): void {
    this.#waiting = this.#waiting.filter((other) => other !== call)
    call.pass(fate)
  }

  kill(process: object): void {
    this.#dead.add(process)
    this.#waiting = this.#waiting.filter((call) => call.process !== process)
  }

  isDead(process: object): boolean {
    return this.#dead.has(process)
  }
}

/** The outcome is not known to the caller. */
export function broken(name: string): PigeonholeError<'STORE_UNAVAILABLE'> {
  return new PigeonholeError('STORE_UNAVAILABLE', {
    message: `${name}: the connection broke before the answer`,
    details: {},
    retryable: true,
  })
}
