import type { Cleaning, GuardedTransaction, RelayStore } from '@pigeonhole/core'
import { broken, type CallGate } from './call-gate.js'
import type { ModelServer } from './model-server.js'

/** What a store of one process works with. */
export interface StoreParts {
  readonly server: ModelServer
  readonly gate: CallGate
  readonly process: object
  readonly now: () => number
  /** Whether looks for messages go no further now and then, as where other shards have many. */
  readonly looksInVain: boolean
}

type AnyMethod = (...args: unknown[]) => Promise<unknown>

/** A relay's store of one process: every statement, and COMMIT, waits at the gate. */
export function modelRelayStore(parts: StoreParts): RelayStore {
  const { server, gate, process } = parts
  const look = parts.looksInVain ? lookInVain(server) : undefined
  return new Proxy<RelayStore>(server.store, {
    get(store, property) {
      const value: unknown = Reflect.get(store, property)
      if (typeof value !== 'function') return value
      const name = String(property)
      if (name === 'guarded')
        return (guard: Parameters<RelayStore['guarded']>[0], work: GuardedWork) => guarded(parts, guard, work)
      const method = (name === 'lookForMessages' && look) || (value as AnyMethod)
      return (...args: unknown[]) =>
        gate.call(process, name, () => connected(parts, name, () => method.apply(store, args as never)))
    },
  })
}

// Once behind each commit of a writer: more often, a batch without messages would follow the other.
function lookInVain(server: ModelServer): RelayStore['lookForMessages'] {
  const seen = new Map<number, number>()
  return async (shard, cursor) => {
    const found = await server.store.lookForMessages(shard, cursor)
    const { length } = server.committed
    if (found === 'messages' || seen.get(shard) === length) return found
    seen.set(shard, length)
    return 'others'
  }
}

type GuardedWork = (tx: GuardedTransaction) => Promise<unknown>

// The client hears of a broken connection at once; what of the transaction is at the server goes its own way.
async function guarded(
  parts: StoreParts,
  guard: Parameters<RelayStore['guarded']>[0],
  work: GuardedWork,
): Promise<unknown> {
  const { server, gate, process } = parts
  const outcome = { replyLost: false }
  const begin = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const transaction = connected(parts, 'guarded', () =>
        server.store.guarded(guard, async (tx) => {
          const result = await work(gated(parts, tx))
          const fate = await gate.arrive(process, 'COMMIT')
          if (fate === 'refused') throw broken('COMMIT')
          if (fate === 'late') {
            reject(broken('COMMIT'))
            await gate.arrive(gate, 'COMMIT (late)')
          }
          outcome.replyLost = fate !== 'done'
          return result
        }),
      )
      transaction.then((result) => {
        server.flush()
        if (outcome.replyLost) reject(broken('COMMIT'))
        else resolve(result)
      }, reject)
    })
  return gate.call(process, `guarded ${guard.shard}`, begin)
}

// A history is over before a partition is full or old.
const atOnce: Cleaning = { retentionMs: 0, partitionBytes: 0, partitionMs: 0 }

function gated({ gate, process, server }: StoreParts, tx: GuardedTransaction): GuardedTransaction {
  const { connections } = server
  return new Proxy(tx, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      const name = String(property)
      return (...given: unknown[]) =>
        gate.call(process, `tx.${name}`, async () => {
          if (connections.aborted) throw broken(name)
          const args = name === 'reclaim' ? [atOnce] : given
          return (value as AnyMethod).apply(target, args)
        })
    },
  })
}

// A transaction that waits for a lock when the server goes away waits for ever: its client does not.
function connected<R>(
  { server, process, now }: StoreParts,
  name: string,
  work: () => Promise<R>,
): Promise<R> {
  const { connections } = server
  return new Promise((resolve, reject) => {
    const cut = (): void => reject(broken(name))
    connections.addEventListener('abort', cut, { once: true })
    const done = (): void => connections.removeEventListener('abort', cut)
    server.track(process, now(), work).then(
      (result) => {
        done()
        resolve(result)
      },
      (error: unknown) => {
        done()
        reject(error)
      },
    )
  })
}
