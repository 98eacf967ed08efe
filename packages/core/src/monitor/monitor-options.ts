import { assertKnownOptions, assertWholeNumber } from '../options/known-options.js'
import { type Clock, systemClock } from '../ports/clock.js'
import type { MonitorStore } from '../ports/monitor-store.js'

/** What {@link createMonitor} takes. */
export interface MonitorOptions {
  /** What is looked at: `postgresStore(pool)`. */
  readonly store: MonitorStore
  /** How often it looks, in milliseconds. @default 10000 */
  readonly measureMs?: number
  /** A transaction that needs the oldest transaction id for longer, in milliseconds, is told of. @default 60000 */
  readonly longTransactionMs?: number
  /** @default the process's monotonic clock */
  readonly clock?: Clock
}

/** {@link MonitorOptions} with every default in place. */
export type ResolvedMonitorOptions = Required<MonitorOptions>

const defaults = {
  measureMs: 10_000,
  longTransactionMs: 60_000,
  clock: systemClock,
} satisfies Omit<ResolvedMonitorOptions, 'store'>

const longestMs = 2 ** 31 - 1

/** @throws OPTION_INVALID */
export function resolveMonitorOptions(options: MonitorOptions): ResolvedMonitorOptions {
  assertKnownOptions('createMonitor', options, ['store', ...Object.keys(defaults)])
  const { store, measureMs, longTransactionMs, clock } = options
  const resolved = {
    store,
    measureMs: measureMs ?? defaults.measureMs,
    longTransactionMs: longTransactionMs ?? defaults.longTransactionMs,
    clock: clock ?? defaults.clock,
  }
  assertWholeNumber('measureMs', resolved.measureMs, { min: 1, max: longestMs })
  assertWholeNumber('longTransactionMs', resolved.longTransactionMs, { min: 0, max: longestMs })
  return resolved
}
