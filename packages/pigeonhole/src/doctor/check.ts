import type { Finding } from './finding.js'

/** One thing that is looked at: a judgement over facts that were read before. */
export interface Check<Facts> {
  readonly name: string
  /** What is looked at, as the list of all checks says it. */
  readonly about: string
  readonly judge: (facts: Facts) => Verdict
}

/** What was found, nothing where all is well; or why that says nothing here. */
export type Verdict = readonly Finding[] | Unexamined | Inapplicable

/** It could not be looked at: neither that all is well is known, nor that anything is wrong. */
export class Unexamined {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** There is nothing to look at. */
export class Inapplicable {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** How a check ended. */
export type Outcome = 'well' | 'found' | 'unexamined' | 'inapplicable'

/** What came of a check. */
export interface Examination {
  readonly check: string
  readonly about: string
  readonly outcome: Outcome
  readonly findings: readonly Finding[]
  /** Why it says nothing; null where it does. */
  readonly why: string | null
}

/** Makes each of `checks`. */
export function examine<Facts>(checks: readonly Check<Facts>[], facts: Facts): Examination[] {
  return checks.map(({ name: check, about, judge }) => ({ check, about, ...outcomeOf(judge(facts)) }))
}

function outcomeOf(verdict: Verdict): Omit<Examination, 'check' | 'about'> {
  if (verdict instanceof Unexamined) return { outcome: 'unexamined', findings: [], why: verdict.why }
  if (verdict instanceof Inapplicable) return { outcome: 'inapplicable', findings: [], why: verdict.why }
  return { outcome: verdict.length > 0 ? 'found' : 'well', findings: verdict, why: null }
}
