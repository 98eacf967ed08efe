import type { Inbox, InboxEvents } from '@pigeonhole/core'
import { Counter, Histogram, type Registry } from 'prom-client'
import { inboxMetricHelp } from './inbox-metric-help.js'

/** What {@link measureInbox} takes besides the inbox. */
export interface MeasureInboxOptions {
  /** Your own registry of prom-client. Several inboxes may share it. */
  readonly register: Registry
}

const outcomes = {
  'message:handled': 'handled',
  'message:deduplicated': 'duplicate',
  'message:parked': 'parked',
  'message:retried': 'retried',
  'message:failed': 'failed',
} as const satisfies Partial<Record<keyof InboxEvents, string>>

type Told = keyof typeof outcomes

const labelNames = ['inbox', 'topic'] as const

/** Keeps metrics of an inbox, by its events. Their labels carry inbox, topic and outcome; never a key, an id or a payload. */
export function measureInbox(
  inbox: Pick<Inbox<never>, 'on' | 'name'>,
  { register }: MeasureInboxOptions,
): void {
  const handled = counter(register, 'pigeonhole_inbox_handled_total', [...labelNames, 'outcome'])
  const missing = counter(register, 'pigeonhole_inbox_missing_id_total', labelNames)
  const seconds = histogram(register, 'pigeonhole_inbox_handler_seconds')
  for (const name of Object.keys(outcomes) as Told[])
    inbox.on(name, ({ topic }) => handled.inc({ inbox: inbox.name, topic, outcome: outcomes[name] }))
  inbox.on('message:handled', ({ topic, durationMs, idMissing }) => {
    seconds.observe({ inbox: inbox.name, topic }, durationMs / 1_000)
    if (idMissing) missing.inc({ inbox: inbox.name, topic })
  })
}

type MetricName = keyof typeof inboxMetricHelp

// A registry has each name once, and inboxes share it.
function counter(register: Registry, name: MetricName, labels: readonly string[]): Counter {
  const known = register.getSingleMetric(name) as Counter | undefined
  const help = inboxMetricHelp[name]
  return known ?? new Counter({ name, help, labelNames: [...labels], registers: [register] })
}

function histogram(register: Registry, name: MetricName): Histogram {
  const known = register.getSingleMetric(name) as Histogram | undefined
  const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
  const options = { name, help: inboxMetricHelp[name], labelNames: [...labelNames], buckets }
  return known ?? new Histogram({ ...options, registers: [register] })
}
