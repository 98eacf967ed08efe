import type { Check } from '../../check.js'
import { judgeClock } from '../../judge-clock.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const databaseClock: Check<PostgresFacts> = {
  name: 'database-clock',
  about:
    "the clocks of PostgreSQL and of this machine agree (the relay's machine counts: run the doctor there)",
  judge: ({ clock }) => judgeClock('PostgreSQL', clock),
}
