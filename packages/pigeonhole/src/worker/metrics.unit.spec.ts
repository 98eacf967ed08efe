import {
  Emitter,
  type Measures,
  type Monitor,
  type MonitorEvents,
  PigeonholeError,
  type Relay,
  type RelayEvents,
  type RelayShardStatus,
  type XidHolder,
} from '@pigeonhole/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Metrics, workerMetrics } from './metrics.js'

const holder: XidHolder = {
  kind: 'session',
  pid: 42,
  name: 'nightly report',
  state: 'idle in transaction',
  xid: '700',
  xids: 12,
  startedAt: '2026-01-01T00:00:00.000Z',
  queryStartedAt: '2026-01-01T00:00:05.000Z',
  ageSeconds: 90,
}

describe('the metrics of a worker', () => {
  let relay: Emitter<RelayEvents> & { shards: readonly RelayShardStatus[] }
  let monitor: Emitter<MonitorEvents>
  let metrics: Metrics

  beforeEach(() => {
    relay = Object.assign(new Emitter<RelayEvents>('relay'), { shards: [] as readonly RelayShardStatus[] })
    monitor = new Emitter<MonitorEvents>('monitor')
    metrics = workerMetrics(relay as unknown as Relay, monitor as unknown as Monitor)
  })

  /** The samples whose names begin so, without their help. */
  async function samples(prefix: string): Promise<string[]> {
    const text = await metrics.render()
    return text.split('\n').filter((line) => line.startsWith(prefix))
  }

  function measure(over: Partial<Measures> = {}): void {
    const parking = { messages: 0, atLeast: false, pausedTopics: 0 }
    monitor.emit('outbox:measured', { shards: [], parking, tables: [], xidHolder: null, ...over })
  }

  it('count what is published, how long it takes and what is truncated, by shard', async () => {
    relay.emit('batch:published', { shard: 0, batch: 1, rows: 20, durationMs: 30 })
    relay.emit('batch:published', { shard: 0, batch: 2, rows: 1, durationMs: 3 })
    relay.emit('batch:published', { shard: 1, batch: 1, rows: 5, durationMs: 3 })
    relay.emit('partition:truncated', { shard: 1, partition: 3 })
    expect(await samples('pigeonhole_relay_published_total')).toEqual([
      'pigeonhole_relay_published_total{shard="0"} 21',
      'pigeonhole_relay_published_total{shard="1"} 5',
    ])
    expect(await samples('pigeonhole_relay_batch_seconds_bucket{le="0.005"')).toEqual([
      'pigeonhole_relay_batch_seconds_bucket{le="0.005",shard="0"} 1',
      'pigeonhole_relay_batch_seconds_bucket{le="0.005",shard="1"} 1',
    ])
    expect(await samples('pigeonhole_relay_truncated_total')).toEqual([
      'pigeonhole_relay_truncated_total{shard="1"} 1',
    ])
  })

  it('count reopenings by code, and never by what an error says', async () => {
    const missing = new PigeonholeError('TOPIC_MISSING', { message: 'orders', details: { topic: 'orders' } })
    const foreign = Object.assign(new Error('secret'), { code: 'secret' })
    for (const error of [missing, missing, foreign])
      relay.emit('shard:reopening', { shard: 0, error, attempt: 1, delayMs: 1 })
    expect(await samples('pigeonhole_relay_reopen_total')).toEqual([
      'pigeonhole_relay_reopen_total{shard="0",code="TOPIC_MISSING"} 2',
      'pigeonhole_relay_reopen_total{shard="0",code="UNKNOWN"} 1',
    ])
    expect(await metrics.render()).not.toContain('secret')
  })

  it('show the state of each shard at the moment of the request, and forget a shard that is gone', async () => {
    relay.shards = [{ shard: 3, state: 'standby', error: undefined }]
    await metrics.render()
    relay.shards = [{ shard: 0, state: 'publishing', error: undefined }]
    const lines = await samples('pigeonhole_relay_state')
    expect(lines).toHaveLength(6)
    expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
      'pigeonhole_relay_state{shard="0",state="publishing"} 1',
    ])
  })

  it('show the last measures and no older ones', async () => {
    measure({
      shards: [{ shard: null, pending: 7, atLeast: false, oldestAgeSeconds: 3 }],
      tables: [{ table: 'outbox_message', bytes: 8192, estimatedRows: 7 }],
    })
    expect(await samples('pigeonhole_outbox_pending')).toEqual(['pigeonhole_outbox_pending{shard="none"} 7'])
    measure({
      shards: [
        { shard: 0, pending: 10_000, atLeast: true, oldestAgeSeconds: 2.5 },
        { shard: 1, pending: 0, atLeast: false, oldestAgeSeconds: null },
      ],
    })
    expect(await samples('pigeonhole_outbox_pending')).toEqual([
      'pigeonhole_outbox_pending{shard="0"} 10000',
      'pigeonhole_outbox_pending{shard="1"} 0',
    ])
    expect(await samples('pigeonhole_outbox_oldest_age_seconds')).toEqual([
      'pigeonhole_outbox_oldest_age_seconds{shard="0"} 2.5',
      'pigeonhole_outbox_oldest_age_seconds{shard="1"} 0',
    ])
    expect(await samples('pigeonhole_table_bytes')).toEqual([])
    const [at] = await samples('pigeonhole_outbox_measured_timestamp_seconds')
    expect(Number(at?.split(' ')[1])).toBeGreaterThan(1_700_000_000)
  })

  it('show what is parked, and how many topics are paused', async () => {
    measure({ parking: { messages: 10_000, atLeast: true, pausedTopics: 2 } })
    expect(await samples('pigeonhole_parked_messages')).toEqual([
      'pigeonhole_parked_messages{side="outbox"} 10000',
    ])
    expect(await samples('pigeonhole_paused_topics')).toEqual(['pigeonhole_paused_topics 2'])
  })

  it('count the looks that failed', async () => {
    monitor.emit('outbox:unmeasured', { error: new Error('gone') })
    expect(await samples('pigeonhole_outbox_unmeasured_total')).toEqual([
      'pigeonhole_outbox_unmeasured_total 1',
    ])
  })

  it('show who needs the oldest transaction id, until nobody does', async () => {
    measure({ xidHolder: holder })
    expect(await samples('pigeonhole_xid_holder')).toEqual([
      'pigeonhole_xid_holder_xids 12',
      'pigeonhole_xid_holder_age_seconds 90',
      `pigeonhole_xid_holder_query_start_timestamp_seconds ${Date.UTC(2026, 0, 1, 0, 0, 5) / 1000}`,
      'pigeonhole_xid_holder_info{kind="session",pid="42",name="nightly report",state="idle in transaction"} 1',
    ])
    measure()
    expect(await samples('pigeonhole_xid_holder')).toEqual([
      'pigeonhole_xid_holder_xids 0',
      'pigeonhole_xid_holder_age_seconds 0',
      'pigeonhole_xid_holder_query_start_timestamp_seconds 0',
    ])
  })
})
