import type { Idempotency } from '@pigeonhole/core'
import { Counter, Histogram, type Registry } from 'prom-client'
import { idempotencyMetricHelp } from './idempotency-metric-help.js'

/** What {@link measureIdempotency} takes besides what it measures. */
export interface MeasureIdempotencyOptions {
  /** Your own registry of prom-client. It may be that of your inboxes. */
  readonly register: Registry
}

/** Keeps metrics of idempotency keys, by their events. Their labels carry operation and outcome; never a key, a tenant or an answer. */
export function measureIdempotency(
  idempotency: Pick<Idempotency<never>, 'on'>,
  { register }: MeasureIdempotencyOptions,
): void {
  const total = counter(register)
  const seconds = histogram(register)
  idempotency.on('operation:answered', ({ operation, refused, durationMs }) => {
    total.inc({ operation, outcome: refused ? 'refused' : 'done' })
    seconds.observe({ operation }, durationMs / 1_000)
  })
  idempotency.on('operation:replayed', ({ operation }) => total.inc({ operation, outcome: 'replayed' }))
  idempotency.on('key:rejected', ({ operation, because }) => total.inc({ operation, outcome: because }))
  idempotency.on('operation:retried', ({ operation }) => total.inc({ operation, outcome: 'retried' }))
  idempotency.on('operation:failed', ({ operation }) => total.inc({ operation, outcome: 'failed' }))
}

// A registry has each name once, and several share it.
function counter(register: Registry): Counter {
  const name = 'pigeonhole_idempotency_total'
  const known = register.getSingleMetric(name) as Counter | undefined
  const help = idempotencyMetricHelp[name]
  return known ?? new Counter({ name, help, labelNames: ['operation', 'outcome'], registers: [register] })
}

function histogram(register: Registry): Histogram {
  const name = 'pigeonhole_idempotency_seconds'
  const known = register.getSingleMetric(name) as Histogram | undefined
  const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
  const options = { name, help: idempotencyMetricHelp[name], labelNames: ['operation'], buckets }
  return known ?? new Histogram({ ...options, registers: [register] })
}
