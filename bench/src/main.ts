import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type StartPostgresOptions, startKafka, startPostgres } from '@pigeonhole/testing'
import type { BenchServers } from './bench-servers.js'
import { cleaning } from './cleaning.js'
import type { Comparison } from './comparison.js'
import { idempotencyFirst, idempotencyReplay } from './idempotency.js'
import { idempotencyFirstHttp, idempotencyRate } from './idempotency-http.js'
import { inboxGroup, inboxGroupBare, inboxSingle } from './inbox.js'
import { inboxBatch, inboxBatchBare } from './inbox-batch.js'
import { inboxParked } from './inbox-parked.js'
import { formatPeers } from './peers/format-peers.js'
import { measurePeers, peers } from './peers/peers.js'
import { publishPrisma } from './publish-prisma.js'
import { relayAdopt } from './relay-adopt.js'
import { relayBatches } from './relay-batches.js'
import { relayDrain } from './relay-drain.js'
import { relayIdle } from './relay-idle.js'
import { relayLatency } from './relay-latency.js'
import { relayParked } from './relay-parked.js'
import { relayScale } from './relay-scale.js'
import { relayShards } from './relay-shards.js'
import { skipLocked } from './skip-locked.js'

type Bench = (servers: BenchServers) => Promise<Comparison | readonly Comparison[]>

const benches: Readonly<Record<string, Bench>> = {
  'relay-drain': relayDrain,
  'relay-latency': relayLatency,
  'relay-batches': relayBatches,
  'relay-idle': relayIdle,
  'relay-scale': relayScale,
  'relay-parked': relayParked,
  'relay-shards': relayShards,
  'relay-adopt': relayAdopt,
  'skip-locked': skipLocked,
  cleaning,
  'publish-prisma': publishPrisma,
  'idempotency-first': idempotencyFirst,
  'idempotency-replay': idempotencyReplay,
  'idempotency-first-http': idempotencyFirstHttp,
  'idempotency-rate': idempotencyRate,
  'inbox-single': inboxSingle,
  'inbox-group': inboxGroup,
  'inbox-group-bare': inboxGroupBare,
  'inbox-batch': inboxBatch,
  'inbox-batch-bare': inboxBatchBare,
  'inbox-parked': inboxParked,
}

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'string' },
    full: { type: 'boolean' },
    peers: { type: 'boolean' },
    seed: { type: 'string' },
    help: { type: 'boolean' },
  },
  allowPositionals: true,
})
const known = Object.keys(values.peers ? peers : benches)
const names = positionals.length > 0 ? positionals : known
const unknown = names.filter((name) => !known.includes(name))
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`No bench is called ${unknown.join(', ')}\n`)
  process.stderr.write(
    `npm run bench -- [--json FILE] [--full] [${Object.keys(benches).join('] [')}]\n` +
      `npm run bench -- --peers [--json FILE] [--full] [--seed TEXT] [${Object.keys(peers).join('] [')}]\n`,
  )
  process.exit(values.help ? 0 : 2)
}

const rows = values.peers ? await runPeers() : await runBenches()
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)

async function runBenches(): Promise<unknown> {
  const comparisons: Comparison[] = []
  await withServers({}, async (servers) => {
    for (const name of names) comparisons.push(...[(await benches[name]?.(servers)) ?? []].flat())
  })
  for (const { name, ours, baseline, ratio, unit, against } of comparisons) {
    process.stdout.write(`${name}: ratio ${ratio} (ours ${ours} ${unit}, ${against}: ${baseline} ${unit})\n`)
  }
  return comparisons.map(({ against: _, ...row }) => row)
}

async function runPeers(): Promise<unknown> {
  const seed = values.seed ?? new Date().toISOString()
  process.stderr.write(`peers: --seed ${seed}\n`)
  // Two of them read the write-ahead log; the others get the same server.
  const logical: StartPostgresOptions = {
    sources: ['docker', 'embedded'],
    settings: { wal_level: 'logical' },
  }
  const figures = await withServers(logical, (servers) => measurePeers(servers, { names, seed }))
  process.stdout.write(`${formatPeers(figures)}\n`)
  return { seed, figures }
}

async function withServers<R>(
  options: StartPostgresOptions,
  work: (servers: BenchServers) => Promise<R>,
): Promise<R> {
  const [postgres, kafka] = await Promise.all([startPostgres(options), startKafka({ brokers: 1 })])
  try {
    return await work({ databaseUrl: postgres.url, brokers: kafka.brokers, full: values.full ?? false })
  } finally {
    await Promise.all([postgres.stop(), kafka.stop()])
  }
}
