import type { Point } from './points.js'

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
  ...around('claims.wait', [1]),
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
