import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startKafka, startPostgres } from '@pigeonhole/testing'
import type { BenchServers } from './bench-servers.js'
import { cleaning } from './cleaning.js'
import type { Comparison } from './comparison.js'
import { inboxGroup, inboxGroupBare, inboxSingle } from './inbox.js'
import { publishPrisma } from './publish-prisma.js'
import { relayBatches } from './relay-batches.js'
import { relayDrain } from './relay-drain.js'
import { relayIdle } from './relay-idle.js'
import { relayLatency } from './relay-latency.js'
import { relayParked } from './relay-parked.js'
import { relayScale } from './relay-scale.js'
import { skipLocked } from './skip-locked.js'

type Bench = (servers: BenchServers) => Promise<Comparison | readonly Comparison[]>

const benches: Readonly<Record<string, Bench>> = {
  'relay-drain': relayDrain,
  'relay-latency': relayLatency,
  'relay-batches': relayBatches,
  'relay-idle': relayIdle,
  'relay-scale': relayScale,
  'relay-parked': relayParked,
  'skip-locked': skipLocked,
  cleaning,
  'publish-prisma': publishPrisma,
  'inbox-single': inboxSingle,
  'inbox-group': inboxGroup,
  'inbox-group-bare': inboxGroupBare,
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'string' }, full: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
const names = positionals.length > 0 ? positionals : Object.keys(benches)
const unknown = names.filter((name) => !benches[name])
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`No bench is called ${unknown.join(', ')}\n`)
  process.stderr.write(`npm run bench -- [--json FILE] [--full] [${Object.keys(benches).join('] [')}]\n`)
  process.exit(values.help ? 0 : 2)
}

const [postgres, kafka] = await Promise.all([startPostgres(), startKafka({ brokers: 1 })])
const comparisons: Comparison[] = []
try {
  const servers = { databaseUrl: postgres.url, brokers: kafka.brokers, full: values.full ?? false }
  for (const name of names) {
    comparisons.push(...[(await benches[name]?.(servers)) ?? []].flat())
  }
} finally {
  await Promise.all([postgres.stop(), kafka.stop()])
}
for (const { name, ours, baseline, ratio, unit, against } of comparisons) {
  process.stdout.write(`${name}: ratio ${ratio} (ours ${ours} ${unit}, ${against}: ${baseline} ${unit})\n`)
}
if (values.json) {
  const rows = comparisons.map(({ name, ours, baseline, ratio, unit }) => ({
    name,
    ours,
    baseline,
    ratio,
    unit,
  }))
  writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
}
