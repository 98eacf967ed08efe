import { setTimeout as delay } from 'node:timers/promises'
import { PigeonholeError } from '@pigeonhole/core'
import type { Kafka } from 'kafkajs'
import type { CommandContext } from '../command/context.js'
import { FaultFound } from '../command/fault-found.js'
import { RiskFound } from '../command/risk-found.js'
import { describeDatabase } from '../configuration/describe-database.js'
import { doctorSettings } from '../configuration/doctor-settings.js'
import { envFileHint } from '../configuration/env-file.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import type { Values } from '../configuration/setting.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { examine } from '../doctor/check.js'
import { countFindings, type DiagnosedSide, type Diagnosis, worstOf } from '../doctor/diagnosis.js'
import { type DoctorFlags, readDoctorFlags } from '../doctor/doctor-flags.js'
import { formatDiagnosis } from '../doctor/format-diagnosis.js'
import { kafkaChecks } from '../doctor/kafka/checks/kafka-checks.js'
import { createMissingTopics } from '../doctor/kafka/create-missing-topics.js'
import type { KafkaFacts } from '../doctor/kafka/kafka-facts.js'
import { type KafkaQuestion, readKafkaFacts } from '../doctor/kafka/read-kafka-facts.js'
import { postgresChecks } from '../doctor/postgres/checks/postgres-checks.js'
import type { PostgresFacts } from '../doctor/postgres/postgres-facts.js'
import { readPostgresFacts } from '../doctor/postgres/read-postgres-facts.js'
import { kafkaUnreachable, postgresUnreachable, reached } from '../doctor/unreachable.js'
import { briefRetry, createKafka } from '../worker/kafka-client.js'
import { createLogger } from '../worker/logger.js'

type DoctorValues = Values<typeof doctorSettings>

// What the relay takes where it is not told.
const defaults = {
  leaseMs: 10_000,
  longTransactionMs: 60_000,
  transactionTimeoutMs: 10_000,
  maxRequestBytes: 1_000_000,
}

/** `pigeonhole doctor`: looks at both servers for what would break a promise, and says how to mend it. */
export async function doctor({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const values = resolveSettings(doctorSettings, sourcesOf({ flags, environment, file }))
  if (values.databaseUrl === undefined && values.brokers === undefined) throw nothingToLookAt()
  const diagnosis = await diagnose(values, readDoctorFlags(flags))
  const verbose = flags['verbose'] === true
  terminal.print(flags['json'] === true ? asJson(diagnosis) : formatDiagnosis(diagnosis, { verbose }))
  const worst = worstOf(diagnosis)
  if (worst === 'broken') throw new FaultFound()
  if (worst === 'risk') throw new RiskFound()
}

function nothingToLookAt(): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', {
    message:
      'There is nothing to look at: set --database-url (PIGEONHOLE_DATABASE_URL, DATABASE_URL) or --brokers ' +
      `(PIGEONHOLE_BROKERS, KAFKA_BROKERS), or both. ${envFileHint}`,
    details: { option: 'databaseUrl' },
  })
}

function asJson(diagnosis: Diagnosis): string {
  return `${JSON.stringify({ ...countFindings(diagnosis), ...diagnosis }, null, 2)}\n`
}

async function diagnose(values: DoctorValues, given: DoctorFlags): Promise<Diagnosis> {
  const postgres = await examinePostgres(values, given)
  const kafka = await examineKafka(values, given, postgres?.facts)
  const sides = [postgres?.side, kafka?.side].filter((side) => side !== undefined)
  return { sides, created: kafka?.created ?? [] }
}

interface ExaminedPostgres {
  readonly side: DiagnosedSide
  /** Undefined where it could not be asked. */
  readonly facts: PostgresFacts | undefined
}

async function examinePostgres(
  values: DoctorValues,
  { roles }: DoctorFlags,
): Promise<ExaminedPostgres | undefined> {
  const { databaseUrl, schema, name, shards = 1, leaseMs = defaults.leaseMs } = values
  if (databaseUrl === undefined) return undefined
  const address = describeDatabase(databaseUrl)
  const { longTransactionMs = defaults.longTransactionMs } = values
  const connections = Math.max(10, 2 * shards + 2)
  const relay = { name, shards, transactionMs: Math.ceil(leaseMs * 0.8), connections, longTransactionMs }
  try {
    const facts = await readPostgresFacts({ connectionString: databaseUrl, schema, roles, relay })
    const title = `PostgreSQL ${facts.version.text} at ${address}, schema ${schema}, as role ${facts.role}`
    const examinations = [reached('postgres'), ...examine(postgresChecks, facts)]
    return { side: { side: 'postgres', title, examinations }, facts }
  } catch (error) {
    const examinations = [postgresUnreachable(address, error)]
    return { side: { side: 'postgres', title: `PostgreSQL at ${address}`, examinations }, facts: undefined }
  }
}

interface ExaminedKafka {
  readonly side: DiagnosedSide
  readonly created: readonly string[]
}

async function examineKafka(
  values: DoctorValues,
  given: DoctorFlags,
  postgres: PostgresFacts | undefined,
): Promise<ExaminedKafka | undefined> {
  const { brokers } = values
  if (brokers === undefined) return undefined
  const options = { name: 'doctor', logger: createLogger('error'), retry: briefRetry(brokers) }
  const kafka = createKafka({ ...values, brokers }, options)
  const question = questionOf({ ...values, brokers }, { kafka, given, outbox: postgres?.outbox })
  const bootstrap = brokers.join(',')
  let facts: KafkaFacts
  try {
    facts = await readKafkaFacts(question)
  } catch (error) {
    const examinations = [kafkaUnreachable(bootstrap, error)]
    return { side: { side: 'kafka', title: `Kafka at ${bootstrap}`, examinations }, created: [] }
  }
  const created = given.createTopics ? await createTopics(values, kafka, facts) : []
  if (created.length > 0) facts = await readCreated(question, created)
  const count = facts.cluster.brokers.length
  const title = `Kafka cluster ${facts.cluster.clusterId} at ${bootstrap}, ${count} ${count === 1 ? 'broker' : 'brokers'}, as ${facts.principal}`
  const examinations = [reached('kafka'), ...examine(kafkaChecks, facts)]
  return { side: { side: 'kafka', title, examinations }, created }
}

const createdMs = 15_000
const lookPauseMs = 100

// A broker may not have heard yet of a topic that another one has just made.
async function readCreated(question: KafkaQuestion, created: readonly string[]): Promise<KafkaFacts> {
  const end = performance.now() + createdMs
  for (;;) {
    const facts = await readKafkaFacts(question)
    const known = facts.topics.filter(({ topic, state }) => created.includes(topic) && state === 'there')
    if (known.length === created.length || performance.now() > end) return facts
    await delay(lookPauseMs)
  }
}

interface QuestionParts {
  readonly kafka: Kafka
  readonly given: DoctorFlags
  readonly outbox: KafkaQuestion['outbox']
}

function questionOf(
  values: DoctorValues & { readonly brokers: readonly string[] },
  { kafka, given, outbox }: QuestionParts,
): KafkaQuestion {
  const { transactionTimeoutMs = defaults.transactionTimeoutMs, maxRequestBytes = defaults.maxRequestBytes } =
    values
  const shards = outbox && outbox.shards > 0 ? outbox.shards : (values.shards ?? 1)
  const name = values.name ?? outbox?.identity?.relay
  return {
    kafka,
    bootstrap: values.brokers,
    principal: `User:${values.kafkaSaslUsername ?? 'ANONYMOUS'}`,
    outbox,
    topics: given.topics,
    relay: { name, shards, transactionTimeoutMs, maxRequestBytes },
    idRetentionMs: given.idRetentionMs,
  }
}

function createTopics(values: DoctorValues, kafka: Kafka, facts: KafkaFacts): Promise<string[]> {
  const { databaseUrl, checkpointReplicationFactor: replicationFactor = -1 } = values
  // Of a database that was given and cannot be read, nobody knows whether it has sent anything.
  const isFirst = facts.outbox ? !facts.outbox.hasSent : databaseUrl === undefined
  return createMissingTopics(kafka, facts, { replicationFactor, isFirst })
}
