import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { type ConnectDistribution, findConnect } from './debezium-distribution.js'
import { freePort } from './free-port.js'
import { findJava } from './java.js'
import { logTail } from './log-tail.js'
import { provisioningFailed } from './provisioning-failed.js'
import { Absence } from './server-source.js'
import { logToStandardError } from './standard-error.js'
import { waitUntil } from './wait-until.js'
import { openWarden, type RunningProcess, type Warden } from './warden-client.js'
import type { ProcessSpec } from './warden-messages.js'

/** Options of {@link startKafkaConnect}. */
export interface StartKafkaConnectOptions {
  /** Bootstrap addresses of the cluster that it works for and keeps its own topics in. */
  readonly brokers: readonly string[]
  /** Group of its workers; its topics and transactional ids begin with it. */
  readonly group: string
  /** Java sources of transforms, each of one class without a package, that are compiled and installed as plugins. */
  readonly transforms?: readonly string[]
  /** Options of its JVM that come behind our own, which keep a worker for tests small and quick to start. */
  readonly jvmOptions?: readonly string[]
  /** Hears of what takes long, a line at a time. Default: standard error. */
  readonly log?: (line: string) => void
}

/** A connector as the worker tells of it. */
export interface ConnectorStatus {
  /** `RUNNING`, `FAILED`, …; `UNASSIGNED` too while the worker does not know it yet. */
  readonly state: string
  readonly tasks: readonly { readonly state: string; readonly trace?: string }[]
}

/** A worker of Kafka Connect, distributed, with exactly-once source support and Debezium's PostgreSQL connector. */
export interface KafkaConnect extends AsyncDisposable {
  /** What runs, with versions. */
  readonly title: string
  /** Of its REST interface. */
  readonly url: string
  /** Creates the connector, or changes it, and resolves when its task runs. Throws PROVISIONING_FAILED if that fails. */
  configure(connector: string, settings: Readonly<Record<string, string>>): Promise<void>
  /** How a connector and its tasks are, as Connect tells it. */
  status(connector: string): Promise<ConnectorStatus>
  /** Removes a connector; its offsets stay in the worker's topic. */
  remove(connector: string): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it, after shutting it down first if it runs; resolves when it answers. */
  restart(): Promise<void>
  /** Ends it. A second call does nothing. */
  stop(): Promise<void>
}

/**
 * Starts a Kafka Connect worker with Debezium's PostgreSQL connector, of this machine's Java; Maven fetches both once, as
 * {@link startKafka} does with Kafka. It ends with `stop()`, or with this process however that ends.
 *
 * Throws PROVISIONING_FAILED, naming what is missing and the command that mends it.
 */
export async function startKafkaConnect(options: StartKafkaConnectOptions): Promise<KafkaConnect> {
  const java = present(await findJava())
  const distribution = present(await findConnect(options.log ?? logToStandardError))
  const warden = await openWarden('kafka-connect')
  const worker = new ConnectWorker({ options, java, distribution, warden, port: await freePort() })
  try {
    await worker.install()
    await worker.start()
  } catch (error) {
    await warden.close()
    throw error
  }
  return worker
}

function present<T extends object | string>(found: T | Absence): T {
  if (!(found instanceof Absence)) return found
  throw provisioningFailed('Kafka Connect', `No Kafka Connect for the tests: ${found.reason}`)
}

interface Setup {
  readonly options: StartKafkaConnectOptions
  readonly java: string
  readonly distribution: ConnectDistribution
  readonly warden: Warden
  readonly port: number
}

class ConnectWorker implements KafkaConnect {
  readonly title: string
  readonly url: string
  readonly #setup: Setup
  readonly #transforms: string
  readonly #propertiesFile: string
  readonly #logFile: string
  #process: RunningProcess | undefined

  constructor(setup: Setup) {
    const { directory } = setup.warden
    this.#setup = setup
    this.title = setup.distribution.title
    this.url = `http://127.0.0.1:${setup.port}`
    this.#transforms = join(directory, 'transforms')
    this.#propertiesFile = join(directory, 'worker.properties')
    this.#logFile = join(directory, 'worker.log')
  }

  async install(): Promise<void> {
    const settings = workerSettings(this.#setup, this.#transforms)
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(this.#propertiesFile, lines.join(''))
    for (const source of this.#setup.options.transforms ?? []) await this.#compile(source)
  }

  async start(): Promise<void> {
    const { distribution, options, warden } = this.#setup
    const flags = [...javaFlags, ...(options.jvmOptions ?? []), '-cp', join(distribution.jars, '*')]
    const args = ['org.apache.kafka.connect.cli.ConnectDistributed', this.#propertiesFile]
    const started = await warden.spawn(this.#spec('worker', [...flags, ...args]))
    this.#process = started
    const ended = started.exited.then(async () => {
      throw await this.#failure('Kafka Connect ended instead of starting')
    })
    const answers = async (): Promise<boolean> => (await fetch(`${this.url}/connectors`)).ok
    await Promise.race([ended, this.#until(answers)])
  }

  async configure(connector: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const response = await this.#ask(`${connector}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(settings),
    })
    if (!response.ok) throw await this.#failure(`Connector ${connector} is refused: ${await response.text()}`)
    await this.#until(() => this.#runs(connector))
  }

  async status(connector: string): Promise<ConnectorStatus> {
    const response = await fetch(`${this.url}/connectors/${connector}/status`)
    if (!response.ok) return { state: 'UNASSIGNED', tasks: [] }
    const found = (await response.json()) as { connector: { state: string }; tasks: ConnectorStatus['tasks'] }
    return { state: found.connector.state, tasks: found.tasks }
  }

  async remove(connector: string): Promise<void> {
    const response = await this.#ask(connector, { method: 'DELETE' })
    if (!response.ok)
      throw await this.#failure(`Connector ${connector} is not removed: ${await response.text()}`)
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async restart(): Promise<void> {
    await this.#process?.end('SIGTERM', 15_000)
    await this.start()
  }

  stop(): Promise<void> {
    return this.#setup.warden.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // 409: it is being rebalanced, or has not read yet what it has written. Whoever asks has to ask again.
  async #ask(path: string, request: RequestInit): Promise<Response> {
    let response: Response | undefined
    await this.#until(async () => {
      response = await fetch(`${this.url}/connectors/${path}`, request)
      return response.status !== 409
    })
    return response as Response
  }

  async #runs(connector: string): Promise<boolean> {
    const { state, tasks } = await this.status(connector)
    return state === 'RUNNING' && tasks.length > 0 && tasks.every((task) => task.state === 'RUNNING')
  }

  // A folder for each, as `plugin.path` has it.
  async #compile(source: string): Promise<void> {
    const name = basename(source, '.java')
    const directory = join(this.#transforms, name)
    const services = join(directory, 'META-INF', 'services')
    await mkdir(services, { recursive: true })
    await writeFile(join(services, 'org.apache.kafka.connect.transforms.Transformation'), `${name}\n`)
    const { jars } = this.#setup.distribution
    // The compiler as a module of java leaves a wildcard as it is.
    const classPath = (await readdir(jars)).map((jar) => join(jars, jar)).join(delimiter)
    const compiler = ['--module', 'jdk.compiler/com.sun.tools.javac.Main']
    const args = [...compiler, '-cp', classPath, '-d', directory, source]
    const { code } = await this.#setup.warden.run(this.#spec(`compile-${name}`, args))
    if (code !== 0) throw await this.#failure(`${source} cannot be compiled`)
  }

  #until(holds: () => Promise<boolean>): Promise<void> {
    const log = () => logTail(this.#logFile)
    return waitUntil({ server: 'Kafka Connect', holds, deadline: 150_000, interval: 100, log })
  }

  #spec(name: string, args: readonly string[]): ProcessSpec {
    const { java, warden } = this.#setup
    const logFile = this.#logFile
    return { name, command: java, args, cwd: warden.directory, logFile, endSignal: 'SIGTERM', graceMs: 5_000 }
  }

  async #failure(what: string): Promise<Error> {
    return provisioningFailed('Kafka Connect', `${what}. Its log ends with:\n${await logTail(this.#logFile)}`)
  }
}

function workerSettings({ options, distribution, port }: Setup, transforms: string): Record<string, string> {
  const { brokers, group } = options
  return {
    'bootstrap.servers': brokers.join(','),
    'group.id': group,
    listeners: `http://127.0.0.1:${port}`,
    'plugin.path': `${distribution.plugins},${transforms}`,
    'exactly.once.source.support': 'enabled',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.storage.topic': `${group}.offsets`,
    'config.storage.topic': `${group}.config`,
    'status.storage.topic': `${group}.status`,
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    'offset.storage.replication.factor': '-1',
    'config.storage.replication.factor': '-1',
    'status.storage.replication.factor': '-1',
    // A worker that was killed comes back at once, not after the session and the delay that wait for it.
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '1000',
    'scheduled.rebalance.max.delay.ms': '0',
  }
}

const javaFlags: readonly string[] = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]
