import { randomBytes } from 'node:crypto'
import type { StartedNetwork, StartedTestContainer } from 'testcontainers'
import { controlContainer, findDocker, passOver, type Testcontainers } from './docker.js'
import { freePort } from './free-port.js'
import { type KafkaCluster, type KafkaNode, kafkaSettings, type StartKafkaOptions } from './kafka-cluster.js'
import { kafkaReady } from './kafka-ready.js'
import { Absence } from './server-source.js'

const image = 'apache/kafka:4.3.1'

/** A Kafka in Docker containers, one a broker, in a network of their own. */
export async function dockerKafka(
  options: StartKafkaOptions,
  log: (line: string) => void,
): Promise<KafkaCluster | Absence> {
  if (options.secured) return new Absence('a secured listener is for brokers of this machine')
  const docker = await findDocker()
  if (docker instanceof Absence) return docker
  try {
    return await startCluster(docker, options)
  } catch (error) {
    return passOver(image, error, log)
  }
}

async function startCluster(docker: Testcontainers, options: StartKafkaOptions): Promise<KafkaCluster> {
  const plan = await planCluster(docker, options)
  const network = await new docker.Network().start()
  const outcomes = await Promise.allSettled(
    plan.ports.map((port, index) => startBroker({ docker, plan, network, index, port })),
  )
  const containers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  let stopping: Promise<void> | undefined
  const stop = () => (stopping ??= stopAll(containers, network))
  try {
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    const brokers = [...plan.advertised]
    await kafkaReady({ brokers, nodes: brokers.length })
    const nodes = await Promise.all(
      containers.map((container, index) => nodeOf({ docker, container, index, brokers })),
    )
    return { brokers, securedBrokers: [], source: 'docker', nodes, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function stopAll(containers: readonly StartedTestContainer[], network: StartedNetwork): Promise<void> {
  await Promise.all(containers.map((container) => container.stop()))
  await network.stop()
}

interface ClusterPlan {
  readonly clusterId: string
  /** The host's port for each broker. Fixed: one that Docker chose would change when a container starts again. */
  readonly ports: readonly number[]
  /** What clients of each broker are told, `host:port`. */
  readonly advertised: readonly string[]
  readonly settings: Readonly<Record<string, string>>
}

async function planCluster(docker: Testcontainers, options: StartKafkaOptions): Promise<ClusterPlan> {
  const client = await docker.getContainerRuntimeClient()
  const ports = await Promise.all(Array.from({ length: options.brokers }, () => freePort()))
  const { host } = client.info.containerRuntime
  const advertised = await Promise.all(
    ports.map(async (port, index) => {
      const address = `${host}:${port}`
      return (await options.advertise?.({ id: index + 1, address })) ?? address
    }),
  )
  const voters = ports.map((_, index) => `${index + 1}@${nameOf(index)}:9094`).join(',')
  const settings = {
    'process.roles': 'broker,controller',
    'controller.quorum.voters': voters,
    listeners: 'OUTSIDE://0.0.0.0:9092,INSIDE://0.0.0.0:9093,CONTROLLER://0.0.0.0:9094',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INSIDE',
    ...kafkaSettings(options),
  }
  return {
    clusterId: randomBytes(16).toString('base64url'),
    ports,
    advertised,
    settings,
  }
}

function nameOf(index: number): string {
  return `kafka-${index + 1}`
}

interface BrokerParts {
  readonly docker: Testcontainers
  readonly plan: ClusterPlan
  readonly network: StartedNetwork
  readonly index: number
  readonly port: number
}

function startBroker({ docker, plan, network, index, port }: BrokerParts): Promise<StartedTestContainer> {
  return new docker.GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases(nameOf(index))
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      CLUSTER_ID: plan.clusterId,
      KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
      ...asEnvironment({
        ...plan.settings,
        'node.id': String(index + 1),
        'advertised.listeners': `OUTSIDE://${plan.advertised[index]},INSIDE://${nameOf(index)}:9093`,
      }),
    })
    .withWaitStrategy(docker.Wait.forLogMessage('Kafka Server started'))
    .start()
}

// The image turns KAFKA_NODE_ID into node.id.
function asEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `KAFKA_${name.replaceAll('.', '_').toUpperCase()}`,
      value,
    ]),
  )
}

interface NodeParts {
  readonly docker: Testcontainers
  readonly container: StartedTestContainer
  readonly index: number
  readonly brokers: readonly string[]
}

async function nodeOf({ docker, container, index, brokers }: NodeParts): Promise<KafkaNode> {
  const control = await controlContainer(docker, container)
  return {
    id: index + 1,
    kill: control.kill,
    pause: control.pause,
    resume: control.resume,
    restart: async () => {
      await control.restart()
      // Asked itself: the others count a killed broker among them until its session has run out.
      await kafkaReady({ brokers: brokers.slice(index, index + 1), nodes: brokers.length })
    },
  }
}
