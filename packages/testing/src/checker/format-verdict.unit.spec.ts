import { describe, expect, it } from 'vitest'
import { checkExactlyOnce } from './check-exactly-once.js'
import { formatFaults, formatVerdicts } from './format-verdict.js'

const committed = [
  { id: '1', topic: 'orders', key: 'a', order: 1 },
  { id: '2', topic: 'orders', key: 'a', order: 2 },
]
const log = committed.map(({ order, ...it }) => ({ ...it, partition: 0, offset: BigInt(order) }))
const effects = committed.map(({ id, key, order }) => ({ id, key, order }))

const right = checkExactlyOnce({ committed, log, effects })
const wrong = checkExactlyOnce({
  committed,
  log: log.slice(1),
  effects: [...effects, { id: '1', key: 'a', order: 3 }],
})

describe('formatVerdicts', () => {
  it('puts verdicts side by side', () => {
    expect(formatVerdicts({ before: wrong, after: right }, { effects: 'invoices' })).toBe(
      [
        '                         before   after',
        'committed                     2       2',
        'in the log                    1       2',
        'lost                          1       0',
        'invented                      0       0',
        'duplicated in the log         0       0',
        'altered                       0       0',
        'out of order                  0       0',
        'keys in two partitions        0       0',
        'invoices due                  2       2',
        'invoices made                 3       2',
        'missing invoices              0       0',
        'invented invoices             0       0',
        'duplicated invoices           1       0',
        'altered invoices              0       0',
        'invoices out of order         0       0',
        'faults                        2       0',
      ].join('\n'),
    )
  })

  it('leaves effects out where no verdict has them, and marks one that has none', () => {
    const logOnly = checkExactlyOnce({ committed, log })
    expect(formatVerdicts({ logOnly })).not.toContain('effects')
    expect(formatVerdicts({ right, logOnly })).toMatch(/^missing effects +0 +-$/m)
  })
})

describe('formatFaults', () => {
  it('shows examples of each fault', () => {
    expect(formatFaults(wrong, { effects: 'invoices' })).toEqual([
      'lost: orders 1 (key a, order 1)',
      'duplicated invoices: of 1 (key a), effect 3',
    ])
    expect(formatFaults(right)).toEqual([])
  })

  it('says how many more there are', () => {
    const many = Array.from({ length: 13 }, (_, at) => ({
      id: String(at),
      topic: 'orders',
      key: 'a',
      order: at,
    }))
    const lines = formatFaults(checkExactlyOnce({ committed: many, log: [] }))
    expect(lines).toHaveLength(10)
    expect(lines[8]).toBe('lost: orders 8 (key a, order 8)')
    expect(lines[9]).toBe('lost: orders 9 (key a, order 9), and 3 more')
  })

  it('shows as few as it is told to', () => {
    const lines = formatFaults(checkExactlyOnce({ committed, log: [] }), { examples: 1 })
    expect(lines).toEqual(['lost: orders 1 (key a, order 1), and 1 more'])
  })
})
