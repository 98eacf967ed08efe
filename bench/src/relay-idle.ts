import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServers } from './bench-servers.js'
import { type Comparison, round } from './comparison.js'
import { published, withOutbox } from './outbox-scene.js'

const seconds = 20
const settleMs = 3_000

/**
 * `relay-idle-queries` and `relay-idle-cpu`: what a relay costs whose outbox is empty, in transactions a second at the
 * server and in milliseconds of CPU time of its process a second.
 */
export async function relayIdle(servers: BenchServers): Promise<Comparison[]> {
  return await withOutbox(servers, async ({ relay, fill, pool }) => {
    const idle = relay()
    const sent = published(idle, 1)
    await idle.start()
    await fill(1)
    await sent
    await sleep(settleMs)
    const transactions = async (): Promise<number> => {
      const { rows } = await pool.query<{ count: number }>(
        'SELECT (xact_commit + xact_rollback)::float8 AS count FROM pg_stat_database WHERE datname = current_database()',
      )
      return rows[0]?.count ?? 0
    }
    const before = { transactions: await transactions(), cpu: process.cpuUsage() }
    await sleep(seconds * 1_000)
    const { user, system } = process.cpuUsage(before.cpu)
    const queries = ((await transactions()) - before.transactions) / seconds
    const cpu = (user + system) / 1_000 / seconds
    return [
      {
        name: 'relay-idle-queries',
        ours: round(queries),
        baseline: 5,
        ratio: round(queries / 5),
        unit: 'transactions/s',
        against: 'one look every 200 ms',
      },
      {
        name: 'relay-idle-cpu',
        ours: round(cpu),
        baseline: 1_000,
        ratio: round(cpu / 1_000),
        unit: 'ms/s',
        against: 'a core',
      },
    ]
  })
}
