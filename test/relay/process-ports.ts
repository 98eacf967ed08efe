import { writeSync } from 'node:fs'
import type { RelayPublisher, RelayStore } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { observeRelayPublisher, observeRelayStore } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { intentGap, withIntentGap } from './intent-gap.js'
import type { RelayProcessMessage, RelayProcessOptions } from './relay-process-protocol.js'
import { withSmallPartitions } from './small-partitions.js'

/** Tells the test. Synchronous, so that what is told is told before the process kills itself. */
export function tell(message: RelayProcessMessage): void {
  writeSync(1, `${JSON.stringify(message)}\n`)
}

/** The ports of a process under test, which strikes itself where its options say. */
export interface ProcessPorts {
  readonly pool: pg.Pool
  readonly store: RelayStore
  readonly publisher: RelayPublisher
}

/** Strikes the process when it reaches the point that its options name. */
export function striker({ fault }: RelayProcessOptions): (point: string) => void {
  let occurrences = 0
  return (point) => {
    if (point !== fault?.point || ++occurrences !== fault.occurrence) return
    tell({ type: 'reached', point })
    process.kill(process.pid, fault.signal)
  }
}

/** Opens the ports of a process under test. */
export function openPorts(options: RelayProcessOptions): ProcessPorts {
  const strike = striker(options)
  const reach = options.fault?.point === intentGap ? withIntentGap(strike) : strike
  const pool = new pg.Pool({ connectionString: options.databaseUrl, connectionTimeoutMillis: 5_000, max: 20 })
  const kafka = new Kafka({
    clientId: options.name,
    brokers: [...options.brokers],
    logLevel: logLevel.NOTHING,
    ...(options.requestTimeoutMs !== undefined && { requestTimeout: options.requestTimeoutMs }),
  })
  return {
    pool,
    store: observeRelayStore(withSmallPartitions(postgresStore(pool)), reach),
    publisher: observeRelayPublisher(kafkajsPublisher(kafka), reach),
  }
}
