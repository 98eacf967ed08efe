import type { BenchServers } from './bench-servers.js'
import { type Comparison, round } from './comparison.js'
import { timeDrain, withOutbox } from './outbox-scene.js'

interface Drained {
  readonly rate: number
  /** Most memory of this process above what it had before, in MB, while each fifth of the messages was sent. */
  readonly memory: readonly number[]
}

const parts = 5

/**
 * `relay-flat`: the drain's rate with a backlog of 5,000,000 messages (500,000 without --full) against one of 10,000.
 * `relay-memory`: the most memory that the process takes while it sends the last fifth of them, against the second fifth: what
 * the first takes is the growth of the heap from nothing.
 */
export async function relayScale(servers: BenchServers): Promise<Comparison[]> {
  const large = servers.full ? 5_000_000 : 500_000
  await drain(servers, 10_000)
  const small = await drain(servers, 10_000)
  const most = await drain(servers, large)
  const [, second = 0, , , last = 0] = most.memory
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
      ours: round(last),
      baseline: round(second),
      ratio: round(last / second),
      unit: 'MB',
      against: `the second fifth of ${large} messages instead of the last`,
    },
  ]
}

async function drain(servers: BenchServers, messages: number): Promise<Drained> {
  return await withOutbox(servers, async ({ fill, relay: newRelay, pool }) => {
    await fill(messages)
    await pool.query('VACUUM ANALYZE pigeonhole.outbox_message')
    const relay = newRelay()
    const memory = Array.from({ length: parts }, () => 0)
    const before = process.memoryUsage.rss()
    let sent = 0
    relay.on('batch:published', ({ rows }) => {
      const part = Math.min(parts - 1, Math.floor((sent / messages) * parts))
      memory[part] = Math.max(memory[part] ?? 0, (process.memoryUsage.rss() - before) / 1_000_000)
      sent += rows
    })
    const rate = await timeDrain(relay, messages)
    const fifths = memory.map(round).join(', ')
    process.stderr.write(`relay-scale: ${messages} messages, ${round(rate)} msg/s, ${fifths} MB\n`)
    return { rate, memory }
  })
}
