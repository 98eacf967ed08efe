import pg from 'pg'
import { type BenchServers, migratedDatabase } from './bench-servers.js'
import { type Comparison, compare, medianOf, round } from './comparison.js'
import { type Load, OrderService } from './order-service.js'

const connections = 10
const callers = 16

/**
 * `idempotency-first-http`: a first request to a handler of Fastify behind `idempotentFastify`, against the same handler in a transaction by
 * hand. One process, 10 connections to the database, 16 callers that keep theirs.
 */
export function idempotencyFirstHttp(servers: BenchServers): Promise<Comparison> {
  const requests = servers.full ? 4_000 : 1_000
  return withServices(servers, 1, ({ services }) =>
    compare({
      name: 'idempotency-first-http',
      unit: 'requests/s',
      against: 'the same handler in a transaction by hand',
      pairs: 15,
      ours: () => rateOf(services, { path: '/keyed', requests, callers }),
      baseline: () => rateOf(services, { path: '/by-hand', requests, callers }),
    }),
  )
}

/** What the rates are held to: first requests a second. */
const aim = 1_000

/**
 * `idempotency-rate-1`, `idempotency-rate-2`: first requests a second, each with a key of its own, that one process and two answer, against
 * 1,000 a second. What was written is counted: one order, message and key for each request.
 */
export async function idempotencyRate(servers: BenchServers): Promise<Comparison[]> {
  const rates: Comparison[] = []
  for (const processes of [1, 2]) rates.push(await rateOfProcesses(servers, processes))
  return rates
}

function rateOfProcesses(servers: BenchServers, processes: number): Promise<Comparison> {
  const load = { path: '/keyed', requests: servers.full ? 10_000 : 3_000, callers } as const
  return withServices(servers, processes, async ({ services, pool }) => {
    const rates: number[] = []
    for (let run = 0; run <= 5; run++) {
      const rate = await rateOf(services, load)
      process.stderr.write(`idempotency-rate-${processes}: run ${run} of 5, ${round(rate)} requests/s\n`)
      if (run > 0) rates.push(rate)
    }
    await assertOnceEach(pool, 6 * load.requests * processes)
    const ours = round(medianOf(rates))
    return {
      name: `idempotency-rate-${processes}`,
      ours,
      baseline: aim,
      ratio: Number((ours / aim).toFixed(3)),
      unit: 'requests/s',
      against: 'a thousand keys a second',
    }
  })
}

async function assertOnceEach(pool: pg.Pool, requests: number): Promise<void> {
  const { rows } = await pool.query<Record<string, number>>(`
    SELECT (SELECT count(*)::int FROM placed) AS orders, (SELECT count(*)::int FROM pigeonhole.outbox_message) AS messages,
      (SELECT count(*)::int FROM pigeonhole.idempotency_key WHERE response_status = 201) AS answers`)
  const counts = rows[0] ?? {}
  if (Object.values(counts).every((count) => count === requests)) return
  throw new Error(`${requests} requests were answered, and there are ${JSON.stringify(counts)}`)
}

/** Services in processes of their own, on one database. */
interface Services {
  readonly services: readonly OrderService[]
  readonly pool: pg.Pool
}

async function withServices<R>(
  servers: BenchServers,
  processes: number,
  work: (opened: Services) => Promise<R>,
): Promise<R> {
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  await pool.query('CREATE TABLE placed (id uuid PRIMARY KEY, input text NOT NULL)')
  const services: OrderService[] = []
  try {
    for (let started = 0; started < processes; started++)
      services.push(await OrderService.start({ databaseUrl: database.url, connections }))
    return await work({ services, pool })
  } finally {
    await Promise.all(services.map((service) => service.stop()))
    await pool.end()
    await database.drop()
  }
}

async function rateOf(services: readonly OrderService[], load: Load): Promise<number> {
  const started = performance.now()
  await Promise.all(services.map((service) => service.ask(load)))
  return (services.length * load.requests) / ((performance.now() - started) / 1_000)
}
