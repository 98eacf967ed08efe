import { identifyLoosely } from './deduplication.js'
import type { Delivery } from './delivery.js'
import type { ResolvedInboxOptions } from './inbox-options.js'

/** Longest time of a transaction that waits for an id, in milliseconds: it does so during half of it. */
const waitTimeoutMs = 10_000

/** Rolls a transaction back that has only waited. */
const waited = new Error('waited')

/** Waits as the handler of a delivery would, for whoever holds its position or, where it has none, its id. Changes nothing. */
export async function waitForTurn<Tx>(options: ResolvedInboxOptions<Tx>, delivery: Delivery): Promise<void> {
  const { store, name } = options
  const { position, id } = identifyLoosely(options, delivery)
  if (position) return await store.claims.wait(name, position)
  if (!id) return
  const waiting = store.transaction({ timeoutMs: waitTimeoutMs }, async (tx) => {
    const messages = [{ id, key: null }]
    await store.receiveMessages(tx, name, { topic: delivery.topic, range: undefined, messages })
    throw waited
  })
  await waiting.catch((error: unknown) => {
    if (error !== waited) throw error
  })
}
