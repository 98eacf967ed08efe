import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KafkaNode, SecuredListener } from './kafka-cluster.js'
import { kafkaReady } from './kafka-ready.js'
import { logTail } from './log-tail.js'
import { provisioningFailed } from './provisioning-failed.js'
import { scramArguments, securedSettings } from './secured-listener.js'
import type { RunningProcess, Warden } from './warden-client.js'
import type { ProcessSpec } from './warden-messages.js'

/** Where a broker listens, on 127.0.0.1. */
export interface BrokerAddress {
  readonly id: number
  /** For clients. */
  readonly port: number
  /** What clients are told, `host:port`. */
  readonly advertised: string
  /** For the other brokers. */
  readonly insidePort: number
  readonly controllerPort: number
  /** For clients that come by TLS and SASL, if there is such a listener. */
  readonly securedPort: number | undefined
}

/** What an {@link EmbeddedBroker} is made from. */
export interface BrokerSetup {
  readonly warden: Warden
  readonly java: string
  readonly jars: string
  readonly settings: Readonly<Record<string, string>>
  readonly clusterId: string
  readonly secured?: SecuredListener
  readonly address: BrokerAddress
  /** Those of all brokers of the cluster, this one included. */
  readonly addresses: readonly BrokerAddress[]
}

/** One Kafka process, broker and controller in one. */
export class EmbeddedBroker {
  readonly #setup: BrokerSetup
  readonly #directory: string
  readonly #propertiesFile: string
  readonly #logFile: string
  #process: RunningProcess | undefined

  constructor(setup: BrokerSetup) {
    this.#setup = setup
    this.#directory = join(setup.warden.directory, `broker-${setup.address.id}`)
    this.#propertiesFile = join(this.#directory, 'server.properties')
    this.#logFile = join(this.#directory, 'server.log')
  }

  async format(): Promise<void> {
    await mkdir(this.#directory)
    await writeFile(this.#propertiesFile, this.#properties())
    // Such an id may begin with a dash, which as a word of its own would be taken for an option.
    const id = `--cluster-id=${this.#setup.clusterId}`
    const users = scramArguments(this.#setup.secured)
    const args = ['kafka.tools.StorageTool', 'format', id, '-c', this.#propertiesFile, ...users]
    const { code } = await this.#setup.warden.run(this.#spec('format', args))
    if (code !== 0) throw await this.#failure('Kafka cannot format its data directory')
  }

  /** Resolves when this broker answers and every broker is in the cluster. */
  async start(): Promise<void> {
    const { address, addresses, warden } = this.#setup
    const started = await warden.spawn(this.#spec('broker', ['kafka.Kafka', this.#propertiesFile]))
    this.#process = started
    const ended = started.exited.then(async () => {
      throw await this.#failure('Kafka ended instead of starting')
    })
    const log = () => logTail(this.#logFile)
    await Promise.race([
      ended,
      kafkaReady({ brokers: [`127.0.0.1:${address.port}`], nodes: addresses.length, log }),
    ])
  }

  handle(): KafkaNode {
    return {
      id: this.#setup.address.id,
      kill: async () => await this.#process?.kill(),
      pause: async () => await this.#process?.signal('SIGSTOP'),
      resume: async () => await this.#process?.signal('SIGCONT'),
      restart: async () => {
        await this.#process?.end('SIGTERM', 15_000)
        await this.start()
      },
    }
  }

  #properties(): string {
    const { address, addresses, settings, secured } = this.#setup
    const own = {
      'process.roles': 'broker,controller',
      'node.id': address.id,
      'controller.quorum.voters': addresses.map((it) => `${it.id}@127.0.0.1:${it.controllerPort}`).join(','),
      listeners: listenersOf(address),
      'advertised.listeners': `OUTSIDE://${address.advertised},INSIDE://127.0.0.1:${address.insidePort}${securedAddress(address)}`,
      'inter.broker.listener.name': 'INSIDE',
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map':
        'CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,SECURED:SASL_SSL',
      ...(secured && securedSettings(secured)),
      'log.dirs': join(this.#directory, 'logs'),
      ...settings,
    }
    return Object.entries(own)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
  }

  #spec(what: string, args: readonly string[]): ProcessSpec {
    const { java, jars, address } = this.#setup
    return {
      name: `${what}-${address.id}`,
      command: java,
      args: [...javaFlags, '-cp', join(jars, '*'), ...args],
      cwd: this.#directory,
      logFile: this.#logFile,
      // Its data goes with it, and an orderly leave waits for peers that leave too.
      endSignal: 'SIGKILL',
      graceMs: 5_000,
    }
  }

  async #failure(what: string): Promise<Error> {
    return provisioningFailed('Kafka', `${what}. Its log ends with:\n${await logTail(this.#logFile)}`)
  }
}

function listenersOf(address: BrokerAddress): string {
  const { port, insidePort, controllerPort } = address
  const ports = { OUTSIDE: port, INSIDE: insidePort, CONTROLLER: controllerPort }
  const open = Object.entries(ports).map(([name, listening]) => `${name}://127.0.0.1:${listening}`)
  return `${open.join(',')}${securedAddress(address)}`
}

// Tuned for a quick start and a small machine, not for throughput over hours.
const javaFlags: readonly string[] = [
  '-Xms256m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

function securedAddress({ securedPort }: BrokerAddress): string {
  return securedPort === undefined ? '' : `,SECURED://127.0.0.1:${securedPort}`
}
