import type { InboxStore } from '@pigeonhole/core'
import { type Around, observeCalls, type ReachPoint } from '@pigeonhole/testing'
import type { Point } from './points.js'

/**
 * An inbox's store with `reach` called around everything it does: points `store.*`, `parking.*` and `claims.*`, and
 * `store.transaction:committing` between a handler's last statement and its COMMIT.
 */
export function observeInboxStore<Tx>(store: InboxStore<Tx>, reach: ReachPoint): InboxStore<Tx> {
  const transaction: Around = (args, call) => {
    const [bounds, work] = args as Parameters<InboxStore<Tx>['transaction']>
    return call(bounds, async (tx: Tx) => {
      const result = await work(tx)
      await reach('store.transaction:committing')
      return result
    })
  }
  const observed = observeCalls('store', store, reach, { transaction })
  // A proxy has no properties of its own to be spread.
  return {
    transaction: (bounds, work) => observed.transaction(bounds, work),
    receiveMessages: (tx, inbox, received) => observed.receiveMessages(tx, inbox, received),
    isUsable: (tx) => observed.isUsable(tx),
    readPositions: (inbox, partitions) => observed.readPositions(inbox, partitions),
    bindTopic: (inbox, topic, topicId) => observed.bindTopic(inbox, topic, topicId),
    checkSchema: () => observed.checkSchema(),
    parking: observeCalls('parking', store.parking, reach),
    claims: observeCalls('claims', store.claims, reach),
    retention: observeCalls('retention', store.retention, reach),
  }
}

const phases = ['before', 'during', 'after'] as const

function around(call: string, occurrences: readonly number[]): Point[] {
  return occurrences.flatMap((occurrence) =>
    phases.map((phase) => ({ point: `${call}:${phase}`, occurrence })),
  )
}

/** Where a consumer is killed or paused: its claims, a message's transaction, and what lies around it. */
export const consumerPoints: readonly Point[] = [
  ...around('store.checkSchema', [1]),
  ...around('store.bindTopic', [1, 3]),
  ...around('store.readPositions', [1, 4]),
  ...around('claims.claim', [1, 3]),
  // Only with care.
  ...around('claims.start', [1, 2]),
  ...around('store.transaction', [1, 20]),
  ...around('store.receiveMessages', [1, 20]),
  ...around('store.isUsable', [1, 20]),
  ...around('parking.claimDue', [1]),
  ...[1, 15, 40].flatMap((occurrence) =>
    ['handler:began', 'handler:written', 'handler:published', 'store.transaction:committing'].map(
      (point) => ({
        point,
        occurrence,
      }),
    ),
  ),
  ...['group:joined', 'partition:claimed', 'partition:lost', 'partition:held', 'offsets:committed'].map(
    (point) => ({ point, occurrence: 1 }),
  ),
  { point: 'offsets:committed', occurrence: 8 },
]
