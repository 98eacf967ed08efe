import {
  isPigeonholeError,
  type Measures,
  type Monitor,
  type Relay,
  type ShardState,
  type XidHolder,
} from '@pigeonhole/core'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { metricHelp } from './metric-help.js'

const states: readonly ShardState[] = ['standby', 'opening', 'publishing', 'waiting', 'halted', 'stopped']

/** What `/metrics` answers. */
export interface Metrics {
  readonly contentType: string
  /** The text for Prometheus. No server is asked: it has what the events have told so far. */
  render(): Promise<string>
}

/** The metrics of a worker, kept by the events of its relay and its monitor. Their labels carry no keys and no payload. */
export function workerMetrics(relay: Relay, monitor: Monitor): Metrics {
  const registry = new Registry()
  countBatches(relay, registry)
  showStates(relay, registry)
  showMeasures(monitor, registry)
  collectDefaultMetrics({ register: registry })
  return { contentType: registry.contentType, render: () => registry.metrics() }
}

function described<N extends keyof typeof metricHelp>(name: N): { readonly name: N; readonly help: string } {
  return { name, help: metricHelp[name] }
}

function countBatches(relay: Relay, registry: Registry): void {
  const options = { registers: [registry], labelNames: ['shard'] as const }
  const published = new Counter({ ...described('pigeonhole_relay_published_total'), ...options })
  const truncated = new Counter({ ...described('pigeonhole_relay_truncated_total'), ...options })
  const reopened = new Counter({
    ...described('pigeonhole_relay_reopen_total'),
    registers: [registry],
    labelNames: ['shard', 'code'] as const,
  })
  const seconds = new Histogram({
    ...described('pigeonhole_relay_batch_seconds'),
    ...options,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  })
  relay.on('batch:published', ({ shard, rows, durationMs }) => {
    published.inc({ shard }, rows)
    seconds.observe({ shard }, durationMs / 1000)
  })
  relay.on('partition:truncated', ({ shard }) => truncated.inc({ shard }))
  relay.on('shard:reopening', ({ shard, error }) => reopened.inc({ shard, code: codeOf(error) }))
}

// A message may tell more than a label should.
function codeOf(error: unknown): string {
  return isPigeonholeError(error) ? error.code : 'UNKNOWN'
}

function showStates(relay: Relay, registry: Registry): void {
  new Gauge({
    ...described('pigeonhole_relay_state'),
    registers: [registry],
    labelNames: ['shard', 'state'] as const,
    collect() {
      this.reset()
      for (const shard of relay.shards)
        for (const state of states) this.set({ shard: shard.shard, state }, shard.state === state ? 1 : 0)
    },
  })
}

function showMeasures(monitor: Monitor, registry: Registry): void {
  const gauge = <N extends keyof typeof metricHelp, L extends string = never>(
    name: N,
    labelNames: readonly L[] = [],
  ): Gauge<L> => new Gauge<L>({ ...described(name), registers: [registry], labelNames })
  const pending = gauge('pigeonhole_outbox_pending', ['shard'])
  const age = gauge('pigeonhole_outbox_oldest_age_seconds', ['shard'])
  const parked = gauge('pigeonhole_parked_messages', ['side'])
  const paused = gauge('pigeonhole_paused_topics')
  const bytes = gauge('pigeonhole_table_bytes', ['table'])
  const rows = gauge('pigeonhole_table_rows', ['table'])
  const measuredAt = gauge('pigeonhole_outbox_measured_timestamp_seconds')
  const failures = new Counter({ ...described('pigeonhole_outbox_unmeasured_total'), registers: [registry] })
  const showHolder = xidHolderGauges(registry)
  monitor.on('outbox:measured', ({ shards, parking, tables, xidHolder }: Measures) => {
    for (const each of [pending, age, bytes, rows]) each.reset()
    for (const { shard, ...measures } of shards) {
      const label = { shard: shard ?? 'none' }
      pending.set(label, measures.pending)
      age.set(label, measures.oldestAgeSeconds ?? 0)
    }
    parked.set({ side: 'outbox' }, parking.messages)
    paused.set(parking.pausedTopics)
    for (const { table, ...sizes } of tables) {
      bytes.set({ table }, sizes.bytes)
      rows.set({ table }, sizes.estimatedRows)
    }
    showHolder(xidHolder)
    measuredAt.setToCurrentTime()
  })
  monitor.on('outbox:unmeasured', () => failures.inc())
}

function xidHolderGauges(registry: Registry): (holder: XidHolder | null) => void {
  const registers = [registry]
  const xids = new Gauge({ ...described('pigeonhole_xid_holder_xids'), registers })
  const age = new Gauge({ ...described('pigeonhole_xid_holder_age_seconds'), registers })
  const query = new Gauge({ ...described('pigeonhole_xid_holder_query_start_timestamp_seconds'), registers })
  const info = new Gauge({
    ...described('pigeonhole_xid_holder_info'),
    registers,
    labelNames: ['kind', 'pid', 'name', 'state'] as const,
  })
  return (holder) => {
    info.reset()
    xids.set(holder?.xids ?? 0)
    age.set(holder?.ageSeconds ?? 0)
    query.set(holder?.queryStartedAt ? Date.parse(holder.queryStartedAt) / 1000 : 0)
    if (holder === null) return
    const { kind, pid, name, state } = holder
    info.set({ kind, pid: pid ?? '', name, state: state ?? '' }, 1)
  }
}
