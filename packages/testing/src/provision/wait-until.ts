import { setTimeout as delay } from 'node:timers/promises'
import { provisioningFailed } from './provisioning-failed.js'

/** What {@link waitUntil} waits for. */
export interface Condition {
  /** The name of the server in messages. */
  readonly server: string
  /** Rejects, or resolves to false, while the condition does not hold. */
  readonly holds: () => Promise<boolean>
  /** Milliseconds until it gives up. */
  readonly deadline: number
  /** Milliseconds between two looks. */
  readonly interval: number
  /** What the server's own log says, for the error. */
  readonly log?: () => Promise<string>
}

/** Resolves once the condition holds. Throws PROVISIONING_FAILED when the deadline passes first. */
export async function waitUntil(condition: Condition): Promise<void> {
  const end = performance.now() + condition.deadline
  let lastError: unknown
  while (performance.now() < end) {
    try {
      if (await condition.holds()) return
    } catch (error) {
      lastError = error
    }
    await delay(condition.interval)
  }
  const last = lastError instanceof Error ? `: ${lastError.message}` : ''
  const log = condition.log === undefined ? '' : `. Its log ends with:\n${await condition.log()}`
  throw provisioningFailed(
    condition.server,
    `${condition.server} did not become ready within ${condition.deadline / 1000} s${last}${log}`,
    lastError,
  )
}
