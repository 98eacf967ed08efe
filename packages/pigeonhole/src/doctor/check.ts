import type { Finding } from './finding.js'

/** One thing that is looked at: a judgement over facts that were read before. */
export interface Check<Facts> {
  readonly name: string
  /** What is looked at, as the list of all checks says it. */
  readonly about: string
  readonly judge: (facts: Facts) => Verdict
}

/** What was found, nothing where all is well; or that it could not be looked at. */
export type Verdict = readonly Finding[] | Unexamined

/** Why a check could not be made: it says neither that all is well nor that anything is wrong. */
export class Unexamined {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** What came of a check. */
export interface Examination {
  readonly check: string
  readonly about: string
  readonly findings: readonly Finding[]
  /** Why it could not be made; null where it was. */
  readonly unexamined: string | null
}

/** Makes each of `checks`. */
export function examine<Facts>(checks: readonly Check<Facts>[], facts: Facts): Examination[] {
  return checks.map(({ name, about, judge }) => {
    const verdict = judge(facts)
    if (verdict instanceof Unexamined) return { check: name, about, findings: [], unexamined: verdict.why }
    return { check: name, about, findings: verdict, unexamined: null }
  })
}
