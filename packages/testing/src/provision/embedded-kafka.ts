import { randomBytes } from 'node:crypto'
import { type BrokerAddress, EmbeddedBroker } from './embedded-broker.js'
import { freePort } from './free-port.js'
import { findJava } from './java.js'
import { type KafkaCluster, kafkaSettings, type StartKafkaOptions } from './kafka-cluster.js'
import { findKafkaJars } from './kafka-distribution.js'
import { Absence } from './server-source.js'
import { openWarden } from './warden-client.js'

/** A real Kafka of this machine's Java, its jars from Maven Central, under a warden. */
export async function embeddedKafka(
  options: StartKafkaOptions,
  log: (line: string) => void,
): Promise<KafkaCluster | Absence> {
  const java = await findJava()
  if (java instanceof Absence) return java
  const jars = await findKafkaJars(log)
  if (jars instanceof Absence) return jars
  const warden = await openWarden('kafka')
  const addresses = await Promise.all(
    Array.from({ length: options.brokers }, (_, index) => addressOf(index + 1, options)),
  )
  const clusterId = randomBytes(16).toString('base64url')
  const settings = kafkaSettings(options)
  const nodes = addresses.map(
    (address) =>
      new EmbeddedBroker({ ...options, warden, java, jars, settings, clusterId, address, addresses }),
  )
  try {
    await Promise.all(nodes.map((node) => node.format()))
    await Promise.all(nodes.map((node) => node.start()))
  } catch (error) {
    await warden.close()
    throw error
  }
  const brokers = addresses.map(({ advertised }) => advertised)
  const stop = () => warden.close()
  return {
    brokers,
    securedBrokers: addresses.flatMap(({ securedPort }) =>
      securedPort === undefined ? [] : [`127.0.0.1:${securedPort}`],
    ),
    source: 'embedded',
    nodes: nodes.map((node) => node.handle()),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function addressOf(id: number, { advertise, secured }: StartKafkaOptions): Promise<BrokerAddress> {
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const advertised = (await advertise?.({ id, address })) ?? address
  const inner = { insidePort: await freePort(), controllerPort: await freePort() }
  return { id, port, advertised, ...inner, securedPort: secured ? await freePort() : undefined }
}
