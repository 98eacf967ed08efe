import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServers } from './bench-servers.js'
import { type Comparison, compare, medianOf, round } from './comparison.js'
import { type BatchBounds, timeDrain, withOutbox } from './outbox-scene.js'

const megabyte = 1024 * 1024

interface Caps {
  readonly bytes: number
  readonly messages: number
  /** The defaults of a relay. */
  readonly usual: Required<BatchBounds>
  readonly others: readonly BatchBounds[]
}

const usual = { batchRows: 5_000, batchBytes: 8 * megabyte }

const small: Caps = {
  bytes: 200,
  messages: 100_000,
  usual,
  others: [{ batchRows: 100 }, { batchRows: 1_000 }, { batchRows: 20_000, batchBytes: 64 * megabyte }],
}

const large: Caps = {
  bytes: 100_000,
  messages: 1_500,
  usual,
  others: [{ batchBytes: megabyte }, { batchBytes: 64 * megabyte }],
}

/**
 * `relay-batches`: a backlog drained with other bounds of a batch than the usual 5,000 messages and 8 MiB, for messages of
 * 200 B and of 100 kB; then how many messages a batch has by itself, at several rates.
 */
export async function relayBatches(servers: BenchServers): Promise<Comparison[]> {
  const comparisons: Comparison[] = []
  for (const caps of [small, large])
    for (const bounds of caps.others) comparisons.push(await compareBounds(servers, caps, bounds))
  return [...comparisons, ...(await followRates(servers))]
}

async function compareBounds(servers: BenchServers, caps: Caps, bounds: BatchBounds): Promise<Comparison> {
  const rows = bounds.batchRows ?? caps.usual.batchRows
  const mebibytes = (bounds.batchBytes ?? caps.usual.batchBytes) / megabyte
  const drain = (batch: BatchBounds): Promise<number> =>
    withOutbox(servers, async ({ fill, relay }) => {
      await fill(caps.messages, caps.bytes)
      return await timeDrain(relay(undefined, batch), caps.messages)
    })
  return await compare({
    name: `relay-batches-${caps.bytes}B-${rows}-rows-${mebibytes}-MiB`,
    unit: 'msg/s',
    against: `${caps.usual.batchRows} rows and ${caps.usual.batchBytes / megabyte} MiB`,
    pairs: 3,
    ours: () => drain(bounds),
    baseline: () => drain(caps.usual),
  })
}

const rates = [20, 200, 2_000]
const seconds = 10

async function followRates(servers: BenchServers): Promise<Comparison[]> {
  const sizes: number[] = []
  for (const rate of rates) sizes.push(await rowsPerBatch(servers, rate))
  return rates.map((rate, index) => ({
    name: `relay-batches-rows-at-${rate}`,
    ours: round(sizes[index] ?? 0),
    baseline: round(sizes[0] ?? 0),
    ratio: round((sizes[index] ?? 0) / (sizes[0] ?? 1)),
    unit: 'messages a batch',
    against: `at ${rates[0]} messages a second`,
  }))
}

/** How many messages share a batch with one of the messages that are committed one by one at `rate` a second: the median. */
async function rowsPerBatch(servers: BenchServers, rate: number): Promise<number> {
  return await withOutbox(servers, async ({ fill, relay }) => {
    const made = relay()
    const opened = new Promise((resolve) => made.on('shard:opened', resolve))
    const sizes: number[] = []
    let left = rate * seconds
    const all = new Promise<void>((resolve) => {
      made.on('batch:published', ({ rows }) => {
        for (let row = 0; row < rows; row++) sizes.push(rows)
        left -= rows
        if (left <= 0) resolve()
      })
    })
    await made.start()
    await opened
    const started = performance.now()
    const writes: Promise<void>[] = []
    while (writes.length < rate * seconds) {
      const due = Math.min(rate * seconds, ((performance.now() - started) / 1_000) * rate)
      while (writes.length < Math.floor(due)) writes.push(fill(1))
      await sleep(1)
    }
    await Promise.all([...writes, all])
    return medianOf(sizes)
  })
}
