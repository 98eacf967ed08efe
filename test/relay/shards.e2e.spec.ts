import { describe, expect, inject, it } from 'vitest'
import { RelayLab } from './relay-lab.js'
import type { RelayProcess } from './relay-process-handle.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** Every shard of `numbers` has sent something from this process. */
async function publishedFrom(relay: RelayProcess, numbers: readonly number[]): Promise<void> {
  await Promise.all(numbers.map((shard) => relay.event('batch:published', { shard })))
}

/**
 * This process has looked at the shard: it stands by, unless whoever had it has given it up in trouble of its own, or been slower than
 * its lease.
 */
async function lookedAt(relay: RelayProcess, shard: number): Promise<void> {
  await relay.told(() =>
    ['standby', 'opening'].some((state) => relay.count('shard:changed', { shard, state }) > 0),
  )
}

describe('an outbox of several shards', () => {
  it('is sent by one process, then by another that was started with another number of shards', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const first = lab.startRelay({ shards: 4 })
    await publishedFrom(first, [0, 1, 2, 3])
    const second = lab.startRelay({ shards: 1 })
    await lookedAt(second, 3)
    expect(
      await second.told(
        ({ type, ...rest }) => type === 'event' && 'name' in rest && rest.name === 'map:read',
      ),
    ).toMatchObject({
      data: { shards: [0, 1, 2, 3], configured: 1 },
    })

    first.signal('SIGKILL')
    await publishedFrom(second, [0, 1, 2, 3])
    const third = lab.startRelay({ shards: 2 })
    await lookedAt(third, 3)
    expect(await second.stop()).toEqual({ code: 0, signal: null })
    await publishedFrom(third, [0, 1, 2, 3])

    // Enough to compare, however few a slow machine has written until here.
    await writers.committed(51)
    await writers.stop()
    await third.drain()
    await expect.poll(() => lab.leftInOutbox(), { timeout: 30_000 }).toBe(0)
    expect(await third.stop()).toEqual({ code: 0, signal: null })
    const verdict = await lab.verdict()
    expect(verdict).toMatchObject({ passed: true, faults: 0 })
    expect(verdict.log.committed).toBeGreaterThan(50)
  })

  it('says whose it is again where a failover has lost that, and the other shards wait for it', async () => {
    await using lab = await RelayLab.open(servers)
    const first = lab.startRelay({ shards: 2 })
    await first.event('shard:changed', { shard: 1, state: 'publishing' })
    await lab.loseIdentity()
    await first.event('shard:reopening', { shard: 0 })
    await expect.poll(() => lab.hasIdentity(), { timeout: 30_000 }).toBe(true)
    const writers = lab.startWriters()
    await publishedFrom(first, [0, 1])
    await writers.stop()
    await first.drain()
    expect(await first.stop()).toEqual({ code: 0, signal: null })
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('has the shards of one of those who start it at once with different numbers', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const relays = [3, 1, 2].map((shards) => lab.startRelay({ shards }))
    await Promise.race(relays.map((relay) => relay.event('batch:published')))
    await writers.stop()
    await Promise.all(relays.map((relay) => relay.drain()))
    const maps = await Promise.all(
      relays.map(async (relay) => {
        const told = await relay.told((message) => message.type === 'event' && message.name === 'map:read')
        return told.type === 'event' ? (told.data as { shards?: readonly number[] }).shards : undefined
      }),
    )
    expect(new Set(maps.map(String)).size).toBe(1)
    for (const relay of relays) expect(await relay.stop()).toEqual({ code: 0, signal: null })
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })
})
