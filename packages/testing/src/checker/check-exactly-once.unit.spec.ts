import { describe, expect, it } from 'vitest'
import { checkExactlyOnce, type ExactlyOnceEvidence, type ExactlyOnceVerdict } from './check-exactly-once.js'
import type { CommittedMessage, Effect, LoggedMessage } from './messages.js'

// Two keys of three messages each, one message without a key; everything is as it should be.
const committed: readonly CommittedMessage[] = [
  ...['a1', 'a2', 'a3'].map((id, at) => ({ id, topic: 'orders', key: 'a', order: at, content: id })),
  ...['b1', 'b2', 'b3'].map((id, at) => ({ id, topic: 'orders', key: 'b', order: BigInt(at) })),
  { id: 'n1', topic: 'orders', key: null, order: 9 },
]
const log: readonly LoggedMessage[] = [
  record('a1', 'a', 0, 0n, 'a1'),
  record('a2', 'a', 0, 2n, 'a2'),
  record('a3', 'a', 0, 10n, 'a3'),
  record('b1', 'b', 1, 0n),
  record('b2', 'b', 1, 1n),
  record('b3', 'b', 1, 3n),
  record('n1', null, 0, 11n),
]
const effects: readonly Effect[] = committed.map(({ id, key }, at) => ({ id, key, order: at }))

function record(
  id: string,
  key: string | null,
  partition: number,
  offset: bigint,
  content?: string,
): LoggedMessage {
  return { id, topic: 'orders', key, partition, offset, ...(content !== undefined && { content }) }
}

function check(faulty: Partial<ExactlyOnceEvidence>): ExactlyOnceVerdict {
  return checkExactlyOnce({ committed, log, effects, ...faulty })
}

/** The kinds of fault that were counted, with their counts. */
function faultsOf({ log: inLog, effects: ofEffects }: ExactlyOnceVerdict): Record<string, number> {
  const kinds = [
    ...Object.entries(inLog),
    ...Object.entries(ofEffects ?? {}).map(([kind, found]) => [`effects ${kind}`, found] as const),
  ]
  return Object.fromEntries(
    kinds.flatMap(([kind, found]) =>
      typeof found === 'number' || found.count === 0 ? [] : [[kind, found.count]],
    ),
  )
}

function swap<T>(list: readonly T[], a: number, b: number, exchange: (one: T, other: T) => T): T[] {
  const [one, other] = [list[a] as T, list[b] as T]
  return list.map((it, at) => (at === a ? exchange(one, other) : at === b ? exchange(other, one) : it))
}

describe('checkExactlyOnce', () => {
  it('passes what is right, whatever the order of the lists', () => {
    const verdict = check({
      committed: [...committed].reverse(),
      log: [...log].reverse(),
      effects: [...effects].reverse(),
    })
    expect(verdict).toMatchObject({ passed: true, empty: false, faults: 0 })
    expect(verdict.log).toMatchObject({ committed: 7, logged: 7 })
    expect(verdict.effects).toMatchObject({ expected: 7, found: 7 })
  })

  it.each<[fault: string, faulty: Partial<ExactlyOnceEvidence>, found: Record<string, number>]>([
    ['a message that is not in the log', { log: log.slice(1) }, { lost: 1 }],
    ['a log that is empty', { log: [] }, { lost: 7 }],
    ['a record that nobody committed', { log: [...log, record('x', 'a', 0, 12n)] }, { invented: 1 }],
    [
      'a record of another topic',
      { log: log.map((it) => ({ ...it, topic: it.id === 'n1' ? 'other' : it.topic })) },
      { lost: 1, invented: 1 },
    ],
    ['a message that is in the log twice', { log: [...log, record('a1', 'a', 0, 12n)] }, { duplicated: 1 }],
    [
      'a message that is in the log three times',
      { log: [...log, record('a1', 'a', 0, 12n), record('a1', 'a', 0, 13n)] },
      { duplicated: 2 },
    ],
    [
      'a message without a key that is in two partitions',
      { log: [...log, record('n1', null, 1, 12n)] },
      { duplicated: 1 },
    ],
    [
      'another key',
      { log: log.map((it) => ({ ...it, key: it.id === 'b3' ? 'z' : it.key })) },
      { altered: 1 },
    ],
    [
      'another content',
      { log: log.map((it) => ({ ...it, ...(it.content === 'a2' && { content: '?' }) })) },
      { altered: 1 },
    ],
    [
      'two messages of a key the wrong way round',
      { log: swap(log, 0, 1, (one, other) => ({ ...one, offset: other.offset })) },
      { outOfOrder: 1 },
    ],
    [
      'the first message of a key behind all others',
      { log: log.map((it) => (it.id === 'a1' ? { ...it, offset: 99n } : it)) },
      { outOfOrder: 1 },
    ],
    [
      'the last message of a key before all others',
      { log: log.map((it) => (it.id === 'b3' ? { ...it, offset: -1n } : it)) },
      { outOfOrder: 2 },
    ],
    [
      'a key in two partitions',
      { log: log.map((it) => (it.id === 'a3' ? { ...it, partition: 1 } : it)) },
      { scattered: 1 },
    ],
    ['a message without effect', { effects: effects.slice(0, -1) }, { 'effects missing': 1 }],
    ['no effects at all', { effects: [] }, { 'effects missing': 7 }],
    [
      'an effect of a message that nobody committed',
      { effects: [...effects, { id: 'x', key: 'a', order: 99 }] },
      { 'effects invented': 1 },
    ],
    [
      'a message with two effects',
      { effects: [...effects, { id: 'a1', key: 'a', order: 99 }] },
      { 'effects duplicated': 1 },
    ],
    [
      'an effect under another key',
      { effects: effects.map((it) => ({ ...it, key: it.id === 'a1' ? 'b' : it.key })) },
      { 'effects altered': 1 },
    ],
    [
      'two effects of a key the wrong way round',
      { effects: swap(effects, 0, 1, (one, other) => ({ ...one, order: other.order })) },
      { 'effects outOfOrder': 1 },
    ],
  ])('counts %s, and nothing else', (_fault, faulty, found) => {
    const verdict = check(faulty)
    expect(faultsOf(verdict)).toEqual(found)
    expect(verdict.passed).toBe(false)
    expect(verdict.faults).toBe(Object.values(found).reduce((sum, count) => sum + count, 0))
  })

  it('counts faults that come together by themselves', () => {
    const faulty = [
      ...log.filter(({ id }) => id !== 'a2'),
      record('b1', 'b', 1, 12n),
      record('x', 'b', 1, 13n),
    ]
    expect(faultsOf(check({ log: faulty }))).toEqual({ lost: 1, duplicated: 1, invented: 1 })
  })

  it('never passes on nothing', () => {
    expect(checkExactlyOnce({ committed: [], log: [] })).toMatchObject({
      empty: true,
      faults: 0,
      passed: false,
    })
    expect(check({ expected: [], effects: [] })).toMatchObject({ empty: true, faults: 0, passed: false })
  })

  it('looks at no effects where none are given', () => {
    const verdict = checkExactlyOnce({ committed, log })
    expect(verdict.effects).toBeUndefined()
    expect(verdict.passed).toBe(true)
  })

  it('expects other effects than those of the committed messages where told to', () => {
    const refund = { id: 'r1', topic: 'refunds', key: 'a', order: 0 }
    const expected = [...committed, refund]
    expect(faultsOf(check({ expected }))).toEqual({ 'effects missing': 1 })
    // Order holds within a topic and key only: a refund may come before or after the orders of its key.
    expect(check({ expected, effects: [...effects, { id: 'r1', key: 'a', order: -1 }] }).passed).toBe(true)
  })

  it('keeps ten examples of each kind and counts all', () => {
    const invented = Array.from({ length: 12 }, (_, at) => record(`x${at}`, 'a', 0, BigInt(100 + at)))
    const { count, examples } = check({ log: [...log, ...invented] }).log.invented
    expect(count).toBe(12)
    expect(examples).toHaveLength(10)
    expect(examples[0]).toBe('orders x0 (key a) at partition 0 offset 100')
  })

  it('refuses messages that their ids do not tell apart', () => {
    const twice = [...committed, committed[0] as CommittedMessage]
    expect(() => check({ committed: twice })).toThrow(RangeError)
    expect(() =>
      check({ expected: [...committed, { id: 'a1', topic: 'other', key: null, order: 0 }] }),
    ).toThrow(RangeError)
    expect(
      check({
        committed: [...committed, { id: 'a1', topic: 'other', key: null, order: 0 }],
        expected: committed,
      }).log.lost.count,
    ).toBe(1)
  })
})
