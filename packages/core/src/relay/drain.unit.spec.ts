import { describe, expect, it } from 'vitest'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { Emitter } from '../events/emitter.js'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { drainShards } from './drain.js'
import type { RelayEvents } from './relay-events.js'
import { resolveRelayOptions } from './relay-options.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'
import { Shard } from './shard.js'

const pollMs = 20

/** A shard that another process leads: only the database says how far it is. */
function openDrain() {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const clock = new ManualClock()
  const options = resolveRelayOptions({
    name: 'orders',
    store,
    publisher: new ScriptedPublisher(script),
    clock,
    pollMs,
  })
  const shard = new Shard(0, options, new Emitter<RelayEvents>('relay'))
  const deadline = new AbortController()
  const drained: { done?: true; error?: unknown } = {}
  const drain = (): void => {
    drainShards(options, [shard], deadline.signal).then(
      () => {
        drained.done = true
      },
      (error: unknown) => {
        drained.error = error
      },
    )
  }
  const confirm = (rows: number): void => {
    const number = store.lease.confirmed + 1
    store.batches.push({
      number,
      token: 't',
      parent: null,
      cursor: { from: `${rows + 1}:${rows + 1}:`, until: null, lastSeq: '0' },
    })
    store.lease = { ...store.lease, confirmed: number }
  }
  return { script, store, clock, shard, deadline, drained, drain, confirm }
}

describe('drainShards', () => {
  it('waits until all that was committed before the call is confirmed', async () => {
    const { store, clock, drained, drain, confirm } = openDrain()
    for (let i = 0; i < 3; i++) store.commit()
    drain()
    await clock.advance(1_000)
    confirm(2)
    await clock.advance(1_000)
    expect(drained).toEqual({})
    confirm(3)
    await clock.advance(pollMs)
    expect(drained).toEqual({ done: true })
  })

  it('does not wait for what is committed after the call', async () => {
    const { store, script, drained, drain, confirm } = openDrain()
    store.commit()
    confirm(1)
    const proceed = script.hold('readConfirmedCursor')
    drain()
    await settle()
    store.commit()
    proceed()
    await settle()
    expect(drained).toEqual({ done: true })
  })

  it('waits for the genesis of a shard that no relay has opened yet', async () => {
    const { clock, drained, drain, confirm } = openDrain()
    drain()
    await clock.advance(1_000)
    expect(drained).toEqual({})
    confirm(0)
    await clock.advance(pollMs)
    expect(drained).toEqual({ done: true })
  })

  it('gives up at its deadline, and says that nothing is lost', async () => {
    const { store, clock, deadline, drained, drain } = openDrain()
    store.commit()
    drain()
    await clock.advance(100)
    deadline.abort()
    await settle()
    expect(drained.error).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      details: { operation: 'drain' },
      retryable: true,
    })
  })

  it('rejects with the error of a shard of this process that has halted', async () => {
    const { store, script, clock, shard, drained, drain } = openDrain()
    const details = { shard: 0, checkpoint: 1 }
    const error = new PigeonholeError('RELAY_DATABASE_WENT_BACK', { message: 'restored', details })
    script.failNext('readFacts', error)
    const { signal } = new AbortController()
    await shard.run({ reading: signal, hard: signal })
    store.commit()
    drain()
    await clock.advance(pollMs)
    expect(drained.error).toBe(error)
  })

  it('passes on that the store cannot be asked', async () => {
    const { script, drained, drain } = openDrain()
    const error = new Error('gone')
    script.failNext('readSnapshot', error)
    drain()
    await settle()
    expect(drained.error).toBe(error)
  })
})
