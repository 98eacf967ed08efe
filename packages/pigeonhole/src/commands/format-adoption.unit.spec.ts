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
      outbox: { logged: 3, absent: 2, coveredByCursor: 1, beyondCursor: 0, parkedLogged: 0 },
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
    expect(text).toMatch(/ 3 {2}messages of the outbox are in the log/)
    expect(text).toMatch(/ 2 {2}were never sent to this log: sent/)
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
