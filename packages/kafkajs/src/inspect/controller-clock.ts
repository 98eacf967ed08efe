import { ask, type Decoder, skipTags, type WireBroker } from './wire.js'

/** How far the clock of Kafka's controller is ahead of this machine's, and what the measurement may be off. Milliseconds. */
export interface ControllerClock {
  readonly ms: number
  readonly uncertaintyMs: number
}

/** A broker, and what it can be asked. */
export interface VersionedBroker extends WireBroker {
  /** By the key of the request. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>>
}

const apiKey = 55
/** The first version of DescribeQuorum that tells when each replica has last caught up: Kafka 3.3. */
const apiVersion = 1
const quorumTopic = '__cluster_metadata'
const readings = 3

/**
 * Reads the clock of the controller. The protocol has no request for it; but the controller says of itself that it has caught up
 * with itself just now (KIP-836). Undefined where the brokers have no such controller, or who asks may not describe the cluster.
 */
export async function readControllerClock(broker: VersionedBroker): Promise<ControllerClock | undefined> {
  if ((broker.versions[apiKey]?.maxVersion ?? -1) < apiVersion) return undefined
  let best: ControllerClock | undefined
  for (let reading = 0; reading < readings; reading += 1) {
    const asked = Date.now()
    const now = await askQuorum(broker)
    if (now === undefined) return undefined
    const uncertaintyMs = (Date.now() - asked) / 2 + 1
    if (!best || uncertaintyMs < best.uncertaintyMs)
      best = { ms: now - asked - (uncertaintyMs - 1), uncertaintyMs }
  }
  return best
}

function askQuorum(broker: WireBroker): Promise<number | undefined> {
  return ask(broker, {
    apiKey,
    apiVersion,
    apiName: 'DescribeQuorum',
    // Its header ends with tagged fields, as do all its parts. Lengths are of one more.
    write: (encoder) =>
      encoder
        .writeUVarInt(0)
        .writeUVarInt(2)
        .writeUVarIntString(quorumTopic)
        .writeUVarInt(2)
        .writeInt32(0)
        .writeUVarInt(0)
        .writeUVarInt(0)
        .writeUVarInt(0),
    read(decoder) {
      skipTags(decoder)
      if (decoder.readInt16() !== 0) return undefined
      const [topic] = decoder.readUVarIntArray(readTopic) ?? []
      return topic?.[0]
    },
  })
}

function readTopic(decoder: Decoder): (number | undefined)[] {
  decoder.readUVarIntString()
  const partitions = decoder.readUVarIntArray(readPartition) ?? []
  skipTags(decoder)
  return partitions
}

function readPartition(decoder: Decoder): number | undefined {
  decoder.readInt32()
  const error = decoder.readInt16()
  const leader = decoder.readInt32()
  decoder.readInt32() // Its epoch,
  decoder.readInt64() // and the end of what is committed.
  const voters = decoder.readUVarIntArray(readReplica) ?? []
  decoder.readUVarIntArray(readReplica)
  skipTags(decoder)
  const own = voters.find(({ id }) => id === leader)
  return error === 0 && own && own.caughtUpAt > 0 ? own.caughtUpAt : undefined
}

function readReplica(decoder: Decoder): { readonly id: number; readonly caughtUpAt: number } {
  const id = decoder.readInt32()
  decoder.readInt64() // The end of its log,
  decoder.readInt64() // and when it has last asked.
  const caughtUpAt = Number(String(decoder.readInt64()))
  skipTags(decoder)
  return { id, caughtUpAt }
}
