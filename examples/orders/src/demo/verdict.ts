import { type Injected, notInjected } from './injected.js'

/** What the checker found in one run. */
export interface Finding {
  readonly title: string
  /** What the shops wanted. */
  readonly intents: number
  readonly intentFaults: number
  readonly committed: number
  readonly messageFaults: number
  /** Nothing was wanted, or nothing was committed. */
  readonly empty: boolean
}

/** A run as it is judged. */
export interface RunResult {
  readonly finding: Finding
  readonly injected: Injected
}

/** Why the demo shows nothing, or the wrong thing. Empty when it shows what it is to show. */
export function objections(usual: RunResult, pigeonhole: RunResult): string[] {
  const list: string[] = []
  for (const { finding, injected } of [usual, pigeonhole]) {
    if (finding.empty) list.push(`${finding.title}: nothing was committed, so nothing is shown`)
    const missing = notInjected(injected)
    if (missing.length > 0) list.push(`${finding.title}: not injected: ${missing.join(', ')}`)
  }
  const faults = pigeonhole.finding.intentFaults + pigeonhole.finding.messageFaults
  if (faults > 0) list.push(`${pigeonhole.finding.title} has ${faults} ${faults === 1 ? 'fault' : 'faults'}`)
  const { title, intentFaults, messageFaults } = usual.finding
  for (const [kind, count] of Object.entries({ callers: intentFaults, messages: messageFaults })) {
    if (count === 0)
      list.push(`${title} shows no fault for ${kind}: the checker is blind, or the faults came to nothing`)
  }
  return list
}
