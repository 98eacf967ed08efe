import type { Finding } from './finding.js'
import type { ClockOffset } from './postgres/postgres-facts.js'

const riskMs = 60_000
/** What `adopt` allows clocks to be apart, and Kafka the time of a record to be ahead (message.timestamp.after.max.ms). */
const brokenMs = 3_600_000

/** What is to be said of a clock that is not this machine's. */
export function judgeClock(whose: string, { ms, uncertaintyMs }: ClockOffset): Finding[] {
  const apart = Math.abs(ms) - uncertaintyMs
  if (apart < riskMs) return []
  return [
    {
      severity: apart < brokenMs ? 'risk' : 'broken',
      is: `the clock of ${whose} is ${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead of' : 'behind'} this machine's`,
      why:
        'Leases, positions and order go by no clock. Retention, ages and expiry do; beyond an hour, pigeonhole adopt may ' +
        'take a message for unsent that was sent, and Kafka refuses records that are ahead of it.',
      fix: 'Set both clocks by NTP (chronyc tracking, timedatectl).',
    },
  ]
}
