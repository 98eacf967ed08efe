import type { Examination } from './check.js'
import { type Severity, severities } from './finding.js'

/** One of the two servers, as far as it was looked at. */
export interface DiagnosedSide {
  readonly side: 'postgres' | 'kafka'
  /** What it is, in a line. */
  readonly title: string
  readonly examinations: readonly Examination[]
}

/** All that was looked at, and what came of it. */
export interface Diagnosis {
  readonly sides: readonly DiagnosedSide[]
  /** Topics that were created, as it was asked for. */
  readonly created: readonly string[]
}

/** How many findings there are of each severity. */
export function countFindings({ sides }: Diagnosis): Readonly<Record<Severity, number>> {
  const findings = sides.flatMap(({ examinations }) => examinations.flatMap((it) => it.findings))
  const count = (severity: Severity): number => findings.filter((it) => it.severity === severity).length
  return { broken: count('broken'), risk: count('risk'), note: count('note') }
}

/** The worst of what was found; undefined where nothing was. */
export function worstOf(diagnosis: Diagnosis): Severity | undefined {
  const counts = countFindings(diagnosis)
  return severities.find((severity) => counts[severity] > 0)
}
