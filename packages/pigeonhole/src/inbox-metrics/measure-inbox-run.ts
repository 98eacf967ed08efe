import { Gauge } from 'prom-client'
import { inboxMetricHelp } from './inbox-metric-help.js'
import type { MeasureInboxOptions } from './measure-inbox.js'

/** What {@link measureInboxRun} needs of what `runInbox` resolves to. */
export interface MeasuredRun {
  readonly readiness: { readonly ready: boolean }
  /** Calls `listener` whenever it changes. */
  on(name: 'readiness:changed', listener: (data: { readonly ready: boolean }) => void): unknown
}

/**
 * Keeps the metric that says whether the consumer of an inbox handles messages, by the readiness of its run. Call it for each run; of
 * several of one inbox in a process, the one that changed last counts.
 */
export function measureInboxRun(
  inbox: { readonly name: string },
  run: MeasuredRun,
  { register }: MeasureInboxOptions,
): void {
  const name = 'pigeonhole_inbox_ready'
  const known = register.getSingleMetric(name) as Gauge | undefined
  const options = { name, help: inboxMetricHelp[name], labelNames: ['inbox'], registers: [register] }
  const gauge = known ?? new Gauge(options)
  const set = (ready: boolean): void => gauge.set({ inbox: inbox.name }, ready ? 1 : 0)
  set(run.readiness.ready)
  run.on('readiness:changed', ({ ready }) => set(ready))
}
