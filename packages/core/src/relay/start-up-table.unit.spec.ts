import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../ports/relay-publisher.js'
import { originCursor, type RelayBatch, type RelayIdentity, type ShardFacts } from '../ports/relay-store.js'
import { assertNoHistory, assertSameIdentity, decideStartUp } from './start-up-table.js'

const identity: RelayIdentity = { relay: 'orders', clusterId: 'cluster', systemIdentifier: 'system' }

function batch(number: number, token = `t${number}`): RelayBatch {
  return { number, token, parent: number === 0 ? null : `t${number - 1}`, cursor: originCursor }
}

function facts(over: Partial<ShardFacts> = {}): ShardFacts {
  return {
    recorded: identity,
    systemIdentifier: 'system',
    confirmed: 0,
    batches: [],
    origin: null,
    xidAhead: null,
    serverXid: '900',
    ...over,
  }
}

function decide(checkpoint: Checkpoint | undefined, over: Partial<ShardFacts> = {}) {
  return decideStartUp({ shard: 0, identity, facts: facts(over), checkpoint })
}

describe('the start-up table', () => {
  describe('stops where the identity differs or a transaction id is ahead, whatever Kafka says', () => {
    const checkpoints = [undefined, { number: 1, token: 't1' }]

    it.each(checkpoints)('identity, Kafka: %j', (checkpoint) => {
      const recorded = { ...identity, clusterId: 'another' }
      expect(() => decide(checkpoint, { recorded, batches: [batch(1)] })).toThrow(
        expect.objectContaining({ code: 'RELAY_IDENTITY_CHANGED' }),
      )
    })

    it.each(checkpoints)('transaction id, Kafka: %j', (checkpoint) => {
      expect(() => decide(checkpoint, { xidAhead: '5000', batches: [batch(1)] })).toThrow(
        expect.objectContaining({
          code: 'RELAY_XID_AHEAD',
          details: { shard: 0, recorded: '5000', server: '900' },
          message: expect.stringContaining('pigeonhole adopt'),
        }),
      )
    })
  })

  describe('where Kafka has no checkpoint', () => {
    it.each([
      ['nothing', []],
      ['batch 0 of a genesis that did not finish', [batch(0)]],
    ])('begins at genesis when the database has %s', (_what, batches) => {
      expect(decide(undefined, { batches })).toEqual({ kind: 'genesis' })
    })

    it.each([
      ['a batch above 0', { batches: [batch(0), batch(1)] }, 1],
      ['a confirmed batch above 0', { confirmed: 3, batches: [] }, 3],
      ['both', { confirmed: 3, batches: [batch(3), batch(4)] }, 4],
    ])('stops when the database has %s: a new cluster or a lost topic', (_what, over, number) => {
      expect(() => decide(undefined, over)).toThrow(
        expect.objectContaining({ code: 'RELAY_CHECKPOINT_LOST', details: { shard: 0, batch: number } }),
      )
    })
  })

  describe('where Kafka has a checkpoint', () => {
    it('stops when it is older than what Kafka had acknowledged, even if the batch is still known', () => {
      expect(() =>
        decide({ number: 4, token: 't4' }, { confirmed: 5, batches: [batch(4), batch(5)] }),
      ).toThrow(
        expect.objectContaining({
          code: 'RELAY_KAFKA_WENT_BACK',
          details: { shard: 0, checkpoint: 4, confirmed: 5 },
        }),
      )
    })

    it.each([
      ['no batch of its number', []],
      ['a batch of its number with another token', [batch(6, 'another attempt')]],
      ['a batch of its token with another number', [batch(7, 't6')]],
    ])('stops when the database has %s: it went back', (_what, batches) => {
      expect(() => decide({ number: 6, token: 't6' }, { confirmed: 5, batches })).toThrow(
        expect.objectContaining({ code: 'RELAY_DATABASE_WENT_BACK', details: { shard: 0, checkpoint: 6 } }),
      )
    })

    it.each([
      ['the confirmed one', 5, [batch(5)]],
      ['one that was acknowledged unheard', 6, [batch(5), batch(6)]],
      ['one with an intent behind it that never was sent', 5, [batch(5), batch(6)]],
      ['one of two attempts', 6, [batch(5), batch(6, 'another attempt'), batch(6)]],
    ])('resumes from %s', (_what, number, batches) => {
      expect(decide({ number, token: `t${number}` }, { confirmed: 5, batches })).toEqual({
        kind: 'resume',
        from: batch(number),
      })
    })

    it('resumes from batch 0 after a genesis that sent nothing yet', () => {
      expect(decide({ number: 0, token: 't0' }, { batches: [batch(0)] })).toEqual({
        kind: 'resume',
        from: batch(0),
      })
    })
  })

  it('needs no recorded identity', () => {
    expect(decide(undefined, { recorded: null })).toEqual({ kind: 'genesis' })
  })
})

describe('assertSameIdentity', () => {
  it.each([
    ['relay name', { relay: 'invoices' }, 'invoices', 'orders'],
    ['Kafka cluster', { clusterId: 'old' }, 'old', 'cluster'],
    ['PostgreSQL system', { systemIdentifier: 'old' }, 'old', 'system'],
  ])('names the %s that differs', (what, over, recorded, found) => {
    expect(() => assertSameIdentity({ ...identity, ...over }, identity)).toThrow(
      expect.objectContaining({
        code: 'RELAY_IDENTITY_CHANGED',
        details: { what, recorded, found },
        message: expect.stringContaining(`${what} "${recorded}"`),
      }),
    )
  })

  it('accepts the same one, and none', () => {
    expect(() => assertSameIdentity({ ...identity }, identity)).not.toThrow()
    expect(() => assertSameIdentity(null, identity)).not.toThrow()
  })
})

describe('assertNoHistory', () => {
  it('accepts a database that has sent nothing', () => {
    expect(() => assertNoHistory(0, facts({ batches: [batch(0)] }))).not.toThrow()
  })
})
