import * as fc from 'fast-check'
import {
  choice,
  fate,
  type History,
  inTurn,
  lease,
  lively,
  ordinary,
  plain,
  publish,
  refusals,
  run,
  type Step,
  some,
  strike,
  type Weighted,
} from './steps.js'

type Steps = fc.Arbitrary<readonly Step[] | Step>

type Setting = Partial<Omit<History, 'steps'>>

/** A history that comes to one moment step by step, from where chance goes on. */
function situation(setting: Setting, ...parts: readonly Steps[]): fc.Arbitrary<History> {
  return inTurn(...parts).map((steps) => ({ shards: 1, relays: 2, batchRows: 2, ...setting, steps }))
}

/** Steps that are the same in every history. */
const always = (...steps: readonly Step[]): Steps => fc.constant(steps)

const advance = (relay: number, until: string): Step => ({ do: 'advance', relay, until })
const letThrough = (relay: number, call: string): Step => ({ do: 'let through', relay, call })
const advanceOperator = (until: string): Step => ({ do: 'advance operator', until })
/** No call is named so: as far as it goes. */
const end = 'the end'

const messages = some(4, [{ weight: 1, arbitrary: publish }])
const unflushed = publish.map((message) => ({ ...message, sync: false }))
const calls: readonly Weighted[] = [
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('run' as const), calls: fc.integer({ min: 1, max: 4 }), choice }),
  },
]
const division = (shards: number): Step => ({ do: 'reshard', shards })

/** Relay 0 is at rest, and the database has noted what is confirmed. */
const settled: readonly Step[] = [
  letThrough(0, 'commit'),
  advance(0, 'tx.deleteBatchesBelow'),
  letThrough(0, 'COMMIT'),
]

/** One of the last messages is refused by the broker, and found out by relay 0. */
const refused: Steps = inTurn(
  messages,
  fc.record({ do: fc.constant('refuse' as const), choice }),
  always(advance(0, 'tx.parkMessage'), advance(0, 'COMMIT')),
  some(4, [{ weight: 1, arbitrary: run }]),
)

/** What it had refused is on its way again, up to the call `until` of relay 0. */
const released = (until: string): Steps =>
  inTurn(refused, always({ do: 'accept' }, { do: 'retry parked' }, advance(0, until)))

/**
 * Histories that come to what a guard alone stands for, and what chance would hardly ever come to: each by the name of what
 * happens there.
 */
export const situations = {
  'an operator discards what is on its way': situation(
    { relays: 1 },
    released('commit'),
    fc.record({ do: fc.constant('discard parked' as const), choice }),
    some(16, lively, refusals),
  ),
  'a relay goes away behind the commit of a release': situation(
    {},
    released('commit'),
    fc.oneof(
      fc.constant<readonly Step[]>([advance(0, 'tx.applyReleases'), { do: 'kill', relay: 0 }]),
      fate.map((step) => [step]),
    ),
    lease,
    some(16, lively, [{ weight: 1, arbitrary: strike }]),
  ),
  'a refused record is sent by another relay before it is parked': situation(
    {},
    messages,
    fc.record({ do: fc.constant('refuse' as const), choice }),
    always(advance(0, 'tx.parkMessage'), { do: 'pause', relay: 0 }, { do: 'accept' }),
    lease,
    some(12, lively),
    always({ do: 'pause', relay: 1 }, { do: 'resume', relay: 0 }),
    lease,
    some(12, lively),
  ),
  'two operators divide the outbox': situation(
    {},
    some(8, lively),
    always(division(3), advanceOperator('seizeLease'), { do: 'pause operator' }, division(2)),
    always(advanceOperator(end)),
    some(16, lively),
  ),
  'a relay takes over from an operator who stands still': situation(
    { relays: 1 },
    some(8, lively),
    always(division(3), advanceOperator('changeShards'), { do: 'pause operator' }),
    lease,
    messages,
    always(advance(0, 'commit')),
    some(3, calls),
    always({ do: 'resume operator' }, advanceOperator(end)),
    some(16, lively),
  ),
  'a relay sends while an operator begins to divide the outbox': situation(
    {},
    some(8, lively),
    always(division(3), advanceOperator('seizeLease')),
    messages,
    always(letThrough(0, 'commit')),
    some(4, calls),
    always(advanceOperator(end)),
    some(16, lively),
  ),
  'a server crashes while an operator divides the outbox': situation(
    {},
    some(8, lively),
    always(division(3), advanceOperator('extendCheckpointTopic')),
    some(4, [{ weight: 1, arbitrary: unflushed }]),
    always(advanceOperator('guarded'), { do: 'crash' }),
    messages,
    always(advanceOperator(end)),
    some(16, lively),
  ),
  'messages are left while the outbox is divided': situation(
    { shards: 2, batchRows: 1 },
    messages,
    some(8, lively),
    always(division(3)),
    some(24, lively),
  ),
  'messages are published while shards are closed': situation(
    { shards: 2 },
    some(8, lively),
    always(division(3), advanceOperator('extendCheckpointTopic')),
    some(16, lively, calls),
  ),
  'a relay opens while an operator adopts': situation(
    { relays: 1 },
    some(8, lively),
    always({ do: 'back up' }, { do: 'remember log' }),
    some(8, lively),
    plain('restore', 'truncate'),
    // It has read Kafka's side, and not yet PostgreSQL's.
    always({ do: 'kill', relay: 0 }, advance(0, 'readCheckpoint'), advance(0, 'guarded')),
    always({ do: 'pause', relay: 0 }, { do: 'adopt' }, advanceOperator(end), { do: 'resume', relay: 0 }),
    some(16, lively),
  ),
  'messages are published while an operator renumbers the others': situation(
    { relays: 1 },
    some(8, lively),
    always({ do: 'back up' }, { do: 'remember log' }),
    messages,
    some(8, lively),
    plain('restore', 'truncate'),
    always({ do: 'adopt' }, advanceOperator('tx.readSnapshot')),
    messages,
    always(advanceOperator(end)),
    some(8, lively),
  ),
  'a standby takes over that has batch 0, and not whose outbox it is': situation(
    { shards: 2, batchRows: 1 },
    always(advance(0, 'begin'), { do: 'replicate' }, advance(0, 'tx.writeIdentity'), advance(0, 'COMMIT')),
    some(4, calls),
    always({ do: 'fail over' }),
    messages,
    some(16, lively),
  ),
  'the outbox moves to another system and another cluster': situation(
    {},
    some(12, lively),
    always({ do: 'move' }, { do: 'new cluster' }),
    some(8, lively),
  ),
  'a shard goes past the messages of others': situation(
    { shards: 2, relays: 1, idlePollMs: 500, looksInVain: true },
    some(8, lively),
    some(40, ordinary, lively),
  ),
  'a standby takes over while a shard goes past the messages of others': situation(
    { shards: 2, looksInVain: true },
    some(8, lively),
    always({ do: 'replicate' }),
    some(12, lively),
    always(advance(0, 'tx.passOver')),
    some(4, calls),
    always({ do: 'fail over' }),
    messages,
    some(16, lively),
  ),
  'a standby takes over while a page becomes an intent': situation(
    { relays: 1 },
    some(8, lively),
    always(advance(0, end), { do: 'replicate' }),
    messages,
    always(advance(0, 'tx.readPage')),
    some(4, calls),
    always({ do: 'fail over' }),
    messages,
    some(16, lively),
  ),
  'a log loses a batch behind which an opening has cleared up': situation(
    { relays: 1, idlePollMs: 500 },
    messages,
    always(...settled, { do: 'remember log' }),
    messages,
    // The batch is committed, and its relay is gone before it has noted that.
    always(letThrough(0, 'commit'), { do: 'kill', relay: 0 }),
    always(advance(0, 'readCheckpoint'), letThrough(0, 'COMMIT')),
    always({ do: 'truncate' }, { do: 'kill', relay: 0 }),
    some(16, lively),
  ),
  'a standby takes over from under a relay at rest, and the cluster is another one': situation(
    { relays: 1, batchRows: 4, idlePollMs: 500 },
    publish,
    always(...settled, { do: 'replicate' }),
    publish,
    always(letThrough(0, 'commit')),
    some(2, calls),
    always({ do: 'fail over' }, advance(0, 'COMMIT')),
    some(2, calls),
    always({ do: 'new cluster' }),
    some(8, lively),
  ),
} as const satisfies Readonly<Record<string, fc.Arbitrary<History>>>

/** What happens in a situation. */
export type Situation = keyof typeof situations

/** Whether there is a situation of that name. */
export function isSituation(name: string): name is Situation {
  return Object.hasOwn(situations, name)
}
