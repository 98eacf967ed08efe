/**
 * How bad a finding is.
 *
 * - `broken`: a promise does not hold, or Pigeonhole does not work at all.
 * - `risk`: a promise ends with an event that comes sooner or later, such as a crash or a failover.
 * - `note`: nothing is wrong, and somebody should know.
 */
export type Severity = 'broken' | 'risk' | 'note'

/** Severities, the worst first. */
export const severities: readonly Severity[] = ['broken', 'risk', 'note']

/** Something that was found. */
export interface Finding {
  readonly severity: Severity
  /** What is, with the value. */
  readonly is: string
  /** Why it matters: which promise. */
  readonly why: string
  /** The command, the SQL or the setting that mends it. */
  readonly fix: string
}
