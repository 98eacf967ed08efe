import { randomUUID } from 'node:crypto'
import type { RawMessage } from '@pigeonhole/core'
import { correctReadCommitted } from '@pigeonhole/kafkajs'
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs'

/** A record as it stands in the log, all bytes in hexadecimal. */
export interface RawRecord {
  readonly key: string | null
  /** Null is a tombstone. */
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Reads the committed records of a topic from its start, of each partition in its order, until `enough` of them are there. */
export async function readRaw(
  brokers: readonly string[],
  topic: string,
  enough: (records: readonly RawRecord[]) => boolean,
): Promise<RawRecord[]> {
  correctReadCommitted()
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `pigeonhole.raw.${randomUUID()}`, maxWaitTimeInMs: 50 })
  const records: RawRecord[] = []
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ message }: { readonly message: KafkaMessage }): Promise<void> => {
        records.push(rawRecord(message))
        if (enough(records)) resolve()
      }
      consumer.run({ autoCommit: false, eachMessage }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return records
}

/** What a published message becomes in the log, but for what the outbox adds. The values of one header stand together. */
export function storedAs({ key, value, headers = [] }: RawMessage): RawRecord {
  const pairs = [...(headers as readonly (readonly [string, string | Uint8Array])[])]
  const names = [...new Set(pairs.map(([name]) => name))]
  return {
    key: hexOf(key as string),
    value: hexOf(value),
    headers: names.flatMap((name) =>
      pairs.filter((pair) => pair[0] === name).map((pair) => [name, hexOf(pair[1]) as string] as const),
    ),
  }
}

function rawRecord({ key, value, headers = {} }: KafkaMessage): RawRecord {
  return {
    key: hexOf(key),
    value: hexOf(value),
    headers: Object.entries(headers).flatMap(([name, values]) =>
      [values ?? []].flat().map((one) => [name, hexOf(one) as string] as const),
    ),
  }
}

function hexOf(bytes: string | Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes as Uint8Array).toString('hex')
}
