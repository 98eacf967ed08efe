import { parseArgs } from 'node:util'
import { type RunOptions, runHistories } from './run-histories.js'
import { isSituation, situations } from './situations.js'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    situation: { type: 'string', multiple: true },
    path: { type: 'string' },
  },
})

const { path } = values
/** Of situations, which are about one moment each, a twentieth. */
const runs = path ? 1 : Number(values.runs)
const seed = Number(values.seed)

async function run(of: string, runs: number, situation: Pick<RunOptions, 'situation'>): Promise<void> {
  const started = performance.now()
  const summary = await runHistories({ runs, seed, ...situation, ...(path ? { path } : {}) })
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(
    `${summary.runs} histories ${of} (seed ${seed}) in ${seconds} s: ${summary.messages} messages sent, ${summary.halted} histories with a halt`,
  )
  if (!summary.failure) return
  console.error(summary.failure)
  process.exitCode = 1
}

if (!values.situation) await run('of all kinds', runs, {})
for (const name of values.situation ?? (path ? [] : Object.keys(situations))) {
  if (!isSituation(name)) throw new Error(`There is no "${name}" among ${Object.keys(situations).join(', ')}`)
  await run(`in which ${name}`, values.situation ? runs : Math.ceil(runs / 20), { situation: name })
}
