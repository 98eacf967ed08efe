import { constants } from 'node:os'

const handled = ['SIGINT', 'SIGTERM'] as const

/** What can be said of what a command has done. */
export interface Account {
  /** What is known now. */
  readonly now: string
  /** Where more is known soon: resolves to that, or to undefined where the command's own end says it. Never rejects. */
  readonly soon?: Promise<string | undefined>
}

/** What ends a command that a signal interrupts. */
export interface SignalledEnd {
  /** Asked when a signal comes. Where `now` is all of it, the process ends before anything else happens. */
  readonly account: () => Account
  readonly warn: (text: string) => void
}

/**
 * Has SIGINT and SIGTERM end the process, with what is known of what was done on stderr. What is known soon is waited for, but not
 * once more.
 * @returns what leaves signals to the process's own ways again.
 */
export function endBySignal({ account, warn }: SignalledEnd): () => void {
  let waits = false
  const end = (signal: NodeJS.Signals, text: string): never => {
    warn(`Interrupted: ${text}\n`)
    process.exit(128 + constants.signals[signal])
  }
  const listener = (signal: NodeJS.Signals): void => {
    const { now, soon } = account()
    if (soon === undefined || waits) end(signal, now)
    waits = true
    warn('Interrupted: a moment, until it is known what was done. A second signal ends it at once.\n')
    void soon?.then((text) => text !== undefined && end(signal, text))
  }
  for (const signal of handled) process.on(signal, listener)
  return () => {
    for (const signal of handled) process.off(signal, listener)
  }
}
