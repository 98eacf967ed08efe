import type { OutboxStatus } from '@pigeonhole/core'
import type { PostgresStore } from '@pigeonhole/postgres'
import { countOf } from './count-of.js'

const progressMs = 2_000

/** What tells how far a command is. */
export interface Progress {
  readonly store: Pick<PostgresStore, 'readStatus'>
  readonly warn: (text: string) => void
  /** What is told of the outbox as it stands; undefined: nothing. */
  readonly describe: (status: OutboxStatus) => string | undefined
}

/** Runs `work`, and tells on stderr how far it is, every 2 s where that has changed. */
export async function withProgress<R>(progress: Progress, work: () => Promise<R>): Promise<R> {
  const { store, warn, describe } = progress
  let told: string | undefined
  let over = false
  const tell = async (): Promise<void> => {
    const line = describe(await store.readStatus())
    if (over || line === undefined || line === told) return
    warn(`${line}\n`)
    told = line
  }
  // What the work itself does not tell of a server that is away, this does not either.
  const timer = setInterval(() => void tell().catch(() => undefined), progressMs)
  try {
    return await work()
  } finally {
    over = true
    clearInterval(timer)
  }
}

/** How many messages are pending, for people. */
export function pendingMessages({ pending }: OutboxStatus): string {
  return `${countOf(pending, 'message')} pending`
}
