import * as fc from 'fast-check'
import { histories } from './histories.js'
import { play } from './play.js'
import { type Situation, situations } from './situations.js'
import type { History } from './steps.js'
import { findViolations } from './verdict.js'

/** What histories are run. */
export interface RunOptions {
  readonly runs: number
  /** The same seed gives the same histories. */
  readonly seed: number
  /** Histories that come to one moment; without it those of all kinds. */
  readonly situation?: Situation
  /** Of a history that failed: runs that one alone. */
  readonly path?: string
}

/** How many of the histories had a halt, and how much they sent. */
export interface RunSummary {
  readonly runs: number
  readonly messages: number
  readonly halted: number
  /** Seed, path and the shrunk history; undefined when nothing is wrong. */
  readonly failure: string | undefined
}

/** Drives the shipped engine through histories that fast-check makes up. */
export async function runHistories({ runs, seed, situation, path }: RunOptions): Promise<RunSummary> {
  const totals = { messages: 0, halted: 0 }
  const property = fc.asyncProperty(situation ? situations[situation] : histories, async (history) => {
    const { violations, messages, halted } = await judge(history)
    totals.messages += messages
    totals.halted += halted ? 1 : 0
    if (violations.length > 0) throw new Error(violations.join('\n'))
  })
  const details = await fc.check(property, { numRuns: runs, seed, ...(path ? { path } : {}) })
  const failure = details.failed ? describe(details, situation) : undefined
  return { runs: details.numRuns, ...totals, failure }
}

/** Plays one history under a virtual clock and its own dice, so that it runs the same every time. */
async function judge(
  history: History,
): Promise<{ readonly violations: readonly string[]; readonly messages: number; readonly halted: boolean }> {
  const { random } = Math
  const { now } = Date
  Math.random = dice(history.steps.length)
  Date.now = () => 0
  try {
    const world = await play(history)
    world.end()
    return {
      violations: findViolations(world),
      messages: world.broker.log.length,
      halted: world.halts.length > 0 || world.isAdopted,
    }
  } finally {
    Math.random = random
    Date.now = now
  }
}

// A linear congruential generator: back-off needs no better one.
function dice(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

function describe(details: fc.RunDetails<[History]>, situation: Situation | undefined): string {
  const { seed, counterexample, counterexamplePath, errorInstance, numShrinks } = details
  const { steps = [], ...setting } = counterexample?.[0] ?? {}
  const kind = situation ? ` --situation '${situation}'` : ''
  return [
    `A history fails: npm run model -- --seed ${seed}${kind} --path ${counterexamplePath} (shrunk ${numShrinks} times)`,
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    JSON.stringify(setting),
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
  ].join('\n')
}
