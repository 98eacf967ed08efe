import type { AdoptionReport } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { formatAdopted, formatReport } from './format-adoption.js'

const found = { relay: 'orders', clusterId: 'cluster', systemIdentifier: '2' }
const report: AdoptionReport = {
  recorded: { ...found, systemIdentifier: '1' },
  found,
  keepCursor: false,
  shards: [
    {
      shard: 0,
      divergence: { code: 'RELAY_DATABASE_WENT_BACK', message: 'Shard 0: gone back' },
      confirmed: 6,
      batches: [6, 7],
      checkpoint: { number: 9, token: 't9' },
      xidAhead: '5000',
      serverXid: '800',
      outbox: {
        logged: 3,
        absent: 2,
        coveredByCursor: 1,
        beyondCursor: 0,
        superseded: 0,
        undecided: 0,
        parkedLogged: 0,
      },
    },
  ],
}

describe('the report of an adoption', () => {
  it('has both sides, why they disagree, and what becomes of the messages', () => {
    const text = formatReport(report)
    const lines = text.split('\n')
    expect(lines[1]).toBe('recorded  orders  cluster        1')
    expect(lines[2]).toBe('found     orders  cluster        2')
    expect(text).toContain('shard 0: RELAY_DATABASE_WENT_BACK\n  Shard 0: gone back\n')
    expect(text).toContain('confirmed 6, batches 6 to 7; the server is at transaction 800, 5000 is recorded')
    expect(text).toContain('Kafka       batch 9')
    expect(text).toMatch(/ 3 {2}are in the log: they go from the outbox\n/)
    expect(text).toMatch(/ 2 {2}were never sent to this log: they are sent next\n/)
    expect(text).not.toContain('parked')
  })

  it('says that nothing is left in the outbox', () => {
    const [shard] = report.shards
    const outbox = {
      logged: 0,
      absent: 0,
      coveredByCursor: 0,
      beyondCursor: 0,
      superseded: 0,
      undecided: 0,
      parkedLogged: 0,
    }
    const shards = shard ? [{ ...shard, outbox }] : []
    expect(formatReport({ ...report, shards })).toContain('  Outbox\n    nothing is left in it\n')
  })

  it.each([
    ['the server has another identity', {}, true],
    ['the cluster is another one', { found: { ...found, clusterId: 'other' } }, false],
    ['the cursor is kept already', { keepCursor: true }, false],
  ])('names --keep-cursor where it may be meant: %s', (_, over, named) => {
    const divergence = { code: 'RELAY_IDENTITY_CHANGED', message: 'Shard 0: changed' } as const
    const shards = report.shards.map((shard) => ({ ...shard, divergence, xidAhead: null }))
    expect(formatReport({ ...report, shards, ...over }).includes('--keep-cursor')).toBe(named)
  })

  it('does not name --keep-cursor where more than the identity has changed', () => {
    expect(formatReport(report)).not.toContain('--keep-cursor')
  })

  it('shows an outbox that no relay has opened', () => {
    expect(formatReport({ ...report, recorded: null, shards: [] })).toContain('recorded  -')
  })

  it('says how it went on', () => {
    expect(formatAdopted({ outcome: 'adopted', report, adopted: [{ shard: 0, batch: 10 }] })).toBe(
      'Adopted: shard 0 goes on from batch 10. Restart the workers that have halted.\n',
    )
    expect(formatAdopted({ outcome: 'agreed', report, adopted: [] })).toMatch(/nothing to adopt/)
  })
})
