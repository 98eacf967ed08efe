import { parseArgs } from 'node:util'
import { runHistories } from './run-histories.js'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
  },
})

const { path } = values
const runs = path ? 1 : Number(values.runs)
const started = performance.now()
const summary = await runHistories({ runs, seed: Number(values.seed), ...(path ? { path } : {}) })
const seconds = ((performance.now() - started) / 1000).toFixed(0)
console.log(
  `${summary.runs} histories (seed ${values.seed}) in ${seconds} s: ${summary.messages} messages sent, ${summary.halted} histories with a halt`,
)
if (summary.failure) {
  console.error(summary.failure)
  process.exitCode = 1
}
