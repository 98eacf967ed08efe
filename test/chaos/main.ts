// npm run chaos [-- --seed N --minutes M --lanes relays,database --verbose]
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Lane, lanes } from './plan.js'
import { reportChaos } from './report.js'
import { roundsOf, runChaos } from './run.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    lanes: { type: 'string' },
    verbose: { type: 'boolean' },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error(`--minutes is ${values.minutes}: it takes a number above 0`)
  process.exit(2)
}
const only = values.lanes?.split(',') ?? []
const unknown = only.find((name) => !Object.keys(lanes).includes(name))
if (unknown !== undefined) {
  console.error(`--lanes has ${unknown}: there are ${Object.keys(lanes).join(', ')}`)
  process.exit(2)
}
const seed = values.seed ?? String(randomInt(1, 1_000_000))
console.log(`Seed ${seed}, ${minutes} minutes of faults on three brokers, PostgreSQL and PgBouncer`)
const outcome = await runChaos({
  seed,
  rounds: only.length > 0 ? roundsOf(minutes * 60_000, only as Lane[]) : roundsOf(minutes * 60_000),
  log: console.log,
  ...(values.verbose && { follow: console.log }),
})
const chosen = only.length > 0 ? ` --lanes ${only}` : ''
console.log(reportChaos(outcome, `npm run chaos -- --seed ${seed} --minutes ${minutes}${chosen}`))
// Connections that were half-opened would keep this process alive.
process.exit(outcome.passed ? 0 : outcome.violated ? 1 : 3)
