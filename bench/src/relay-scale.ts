import type { BenchServers } from './bench-servers.js'
import { type Comparison, round } from './comparison.js'
import { timeDrain, withOutbox } from './outbox-scene.js'

interface Drained {
  readonly rate: number
  /** Most memory of this process above what it had before, in MB. */
  readonly memory: number
}

/**
 * `relay-flat`: the drain's rate with a backlog of 5,000,000 messages (500,000 without --full) against one of 10,000.
 * `relay-memory`: the memory that the process takes meanwhile, against that for 100,000.
 */
export async function relayScale(servers: BenchServers): Promise<Comparison[]> {
  const large = servers.full ? 5_000_000 : 500_000
  await drain(servers, 10_000)
  const small = await drain(servers, 10_000)
  const middle = await drain(servers, 100_000)
  const most = await drain(servers, large)
  return [
    {
      name: 'relay-flat',
      ours: round(most.rate),
      baseline: round(small.rate),
      ratio: round(most.rate / small.rate),
      unit: 'msg/s',
      against: `a backlog of 10,000 instead of ${large}`,
    },
    {
      name: 'relay-memory',
      ours: round(most.memory),
      baseline: round(middle.memory),
      ratio: round(most.memory / middle.memory),
      unit: 'MB',
      against: `a backlog of 100,000 instead of ${large}`,
    },
  ]
}

async function drain(servers: BenchServers, messages: number): Promise<Drained> {
  return await withOutbox(servers, async ({ fill, relay, pool }) => {
    await fill(messages)
    await pool.query('VACUUM ANALYZE pigeonhole.outbox_message')
    const before = process.memoryUsage.rss()
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }, 50)
    try {
      const rate = await timeDrain(relay(), messages)
      process.stderr.write(`relay-scale: ${messages} messages, ${round(rate)} msg/s\n`)
      return { rate, memory: (peak - before) / 1_000_000 }
    } finally {
      clearInterval(watch)
    }
  })
}
