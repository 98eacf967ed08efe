// npm run chaos [-- --seed N --minutes M --verbose]
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { reportChaos } from './report.js'
import { roundsOf, runChaos } from './run.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    verbose: { type: 'boolean' },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error(`--minutes is ${values.minutes}: it takes a number above 0`)
  process.exit(2)
}
const seed = values.seed ?? String(randomInt(1, 1_000_000))
console.log(`Seed ${seed}, ${minutes} minutes of faults on three brokers, PostgreSQL and PgBouncer`)
const outcome = await runChaos({
  seed,
  rounds: roundsOf(minutes * 60_000),
  log: console.log,
  ...(values.verbose && { follow: console.log }),
})
console.log(reportChaos(outcome, `npm run chaos -- --seed ${seed} --minutes ${minutes}`))
// Connections that were half-opened would keep this process alive.
process.exit(outcome.passed ? 0 : outcome.error === undefined ? 1 : 3)
