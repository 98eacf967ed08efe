import { constants } from 'node:os'

const handled = ['SIGTERM', 'SIGINT'] as const

/** Signals as a worker sees them. */
export interface StopSignals {
  /** Resolves to the first one. */
  readonly first: Promise<NodeJS.Signals>
  /** Leaves signals to the process's own ways again. */
  release(): void
}

/**
 * Listens for SIGTERM and SIGINT. The second one ends the process at once: as after any crash, nothing is lost, and the
 * lease runs out.
 */
export function listenForSignals(): StopSignals {
  let received = false
  let onFirst: (signal: NodeJS.Signals) => void = () => undefined
  const first = new Promise<NodeJS.Signals>((resolve) => {
    onFirst = resolve
  })
  const listener = (signal: NodeJS.Signals): void => {
    if (received) process.exit(128 + constants.signals[signal])
    received = true
    onFirst(signal)
  }
  for (const signal of handled) process.on(signal, listener)
  return {
    first,
    release: () => {
      for (const signal of handled) process.off(signal, listener)
    },
  }
}
