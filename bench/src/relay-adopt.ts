import { adopt } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { type BenchServers, quietKafka } from './bench-servers.js'
import { type Comparison, round } from './comparison.js'
import { timeDrain, withOutbox } from './outbox-scene.js'

interface Adopted {
  readonly rate: number
  /** Most memory of this process above what it had before, in MB. */
  readonly memory: number
}

const lookMs = 50
// As long as the command gives it.
const commandTimeoutMs = 600_000

/**
 * An outbox with 1,000,000 messages that were not sent (200,000 without --full), and as many that were in its topic, is adopted:
 * `relay-adopt` is the messages a second against those of a tenth as many, `relay-adopt-memory` the most memory of the process.
 */
export async function relayAdopt(servers: BenchServers): Promise<Comparison[]> {
  const many = servers.full ? 1_000_000 : 200_000
  await adoptOf(servers, 10_000)
  const few = await adoptOf(servers, many / 10)
  const most = await adoptOf(servers, many)
  const against = `${many / 10} messages instead of ${many}`
  return [
    {
      name: 'relay-adopt',
      ours: round(most.rate),
      baseline: round(few.rate),
      ratio: round(most.rate / few.rate),
      unit: 'msg/s',
      against,
    },
    {
      name: 'relay-adopt-memory',
      ours: round(most.memory),
      baseline: round(few.memory),
      ratio: round(most.memory / few.memory),
      unit: 'MB',
      against,
    },
  ]
}

async function adoptOf(servers: BenchServers, messages: number): Promise<Adopted> {
  return await withOutbox(servers, async ({ fill, relay: newRelay, pool, topic }) => {
    await fill(messages)
    const relay = newRelay()
    await timeDrain(relay, messages)
    await relay.stop()
    await fill(messages)
    await pool.query("UPDATE pigeonhole.relay_identity SET system_identifier = 'another'")
    const before = process.memoryUsage.rss()
    let memory = 0
    const looking = setInterval(() => {
      memory = Math.max(memory, (process.memoryUsage.rss() - before) / 1_000_000)
    }, lookMs)
    const started = performance.now()
    const { outcome } = await adopt({
      name: topic,
      store: postgresStore(pool, { relayTimeoutMs: commandTimeoutMs }),
      publisher: kafkajsPublisher(quietKafka(servers)),
      confirm: () => true,
      undecided: 'send',
    })
    const seconds = (performance.now() - started) / 1_000
    clearInterval(looking)
    if (outcome !== 'adopted') throw new Error(`The outbox is ${outcome}`)
    process.stderr.write(
      `relay-adopt: ${messages} messages, ${round(seconds)} s, ${round(memory)} MB above ${round(before / 1_000_000)}\n`,
    )
    return { rate: messages / seconds, memory }
  })
}
