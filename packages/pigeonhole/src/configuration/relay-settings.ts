import { databaseSettings } from './database-settings.js'
import { oneOf, text, token, wholeNumber, yesOrNo } from './format.js'
import { kafkaSettings } from './kafka-settings.js'
import { optional, required, type Setting } from './setting.js'

/** The level from which on the worker logs. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** All that `pigeonhole relay` can be told. What has no fallback here has one where it is used. */
export const relaySettings: typeof databaseSettings &
  typeof kafkaSettings & {
    readonly name: Setting<string>
    readonly host: Setting<string>
    readonly port: Setting<number>
    readonly pageToken: Setting<string | undefined>
    readonly logLevel: Setting<LogLevel>
    readonly traces: Setting<boolean>
    readonly shards: Setting<number | undefined>
    readonly batchRows: Setting<number | undefined>
    readonly batchBytes: Setting<number | undefined>
    readonly leaseMs: Setting<number | undefined>
    readonly renewMs: Setting<number | undefined>
    readonly openTimeoutMs: Setting<number | undefined>
    readonly drainTimeoutMs: Setting<number | undefined>
    readonly pollMs: Setting<number | undefined>
    readonly idlePollMs: Setting<number | undefined>
    readonly retentionMs: Setting<number | undefined>
    readonly measureMs: Setting<number | undefined>
    readonly longTransactionMs: Setting<number | undefined>
    readonly transactionTimeoutMs: Setting<number | undefined>
    readonly maxRequestBytes: Setting<number | undefined>
    readonly checkpointReplicationFactor: Setting<number | undefined>
  } = {
  name: required({
    flag: '--name <name>',
    variables: ['PIGEONHOLE_NAME'],
    about: 'names the relay in Kafka; one name for each outbox, the same for all its workers',
    format: text,
  }),
  ...databaseSettings,
  ...kafkaSettings,
  host: optional(
    {
      flag: '--host <address>',
      variables: ['PIGEONHOLE_HOST'],
      about: 'where the health endpoints listen',
      format: text,
    },
    '127.0.0.1',
  ),
  port: optional(
    {
      flag: '--port <number>',
      variables: ['PIGEONHOLE_PORT'],
      about: 'port of the health endpoints; 0 takes any that is free',
      format: wholeNumber({ min: 0, max: 65_535 }),
    },
    9090,
  ),
  pageToken: optional(
    {
      variables: ['PIGEONHOLE_PAGE_TOKEN'],
      about: 'what the page asks for before it retries or discards parked messages',
      format: token,
      secret: true,
    },
    undefined,
  ),
  logLevel: optional(
    {
      flag: '--log-level <level>',
      variables: ['PIGEONHOLE_LOG_LEVEL'],
      about: 'debug, info, warn or error',
      format: oneOf('debug', 'info', 'warn', 'error'),
    },
    'info',
  ),
  traces: optional(
    {
      flag: '--traces',
      variables: ['PIGEONHOLE_TRACES'],
      about: 'tell OpenTelemetry of each batch, by the SDK that the process has registered',
      format: yesOrNo,
    },
    false,
  ),
  shards: optional(
    {
      flag: '--shards <number>',
      variables: ['PIGEONHOLE_SHARDS'],
      about: 'shards of a new outbox; one that has its shards keeps them (pigeonhole reshard)',
      format: wholeNumber({ min: 1, max: 256 }),
    },
    undefined,
  ),
  batchRows: number('batch-rows', 'most messages in one Kafka transaction'),
  batchBytes: number('batch-bytes', 'most bytes in one Kafka transaction'),
  leaseMs: number('lease-ms', 'a worker that is silent for so long is taken over, in milliseconds'),
  renewMs: number('renew-ms', 'how often the lease is renewed, in milliseconds'),
  openTimeoutMs: number('open-timeout-ms', 'longest time of one opening of a shard, in milliseconds'),
  drainTimeoutMs: number(
    'drain-timeout-ms',
    'longest time to send what is left after SIGTERM, in milliseconds',
    0,
  ),
  pollMs: number('poll-ms', 'pause between two looks at a busy outbox, in milliseconds'),
  idlePollMs: number('idle-poll-ms', 'pause between two looks at an idle outbox, in milliseconds'),
  retentionMs: number('retention-ms', 'published messages stay for so long at least, in milliseconds', 0),
  measureMs: number('measure-ms', 'how often the outbox is measured for /metrics, in milliseconds'),
  longTransactionMs: number(
    'long-transaction-ms',
    'a transaction that keeps tables from being cleaned for longer is warned of, in milliseconds',
    0,
  ),
  transactionTimeoutMs: number(
    'transaction-timeout-ms',
    'Kafka aborts a transaction after it, in milliseconds',
  ),
  maxRequestBytes: number('max-request-bytes', 'most bytes that one request carries for one partition'),
  checkpointReplicationFactor: number(
    'checkpoint-replication-factor',
    "replication factor of the checkpoint topic where it is created; -1 for the broker's default",
    -1,
  ),
}

function number(flag: string, about: string, min = 1): Setting<number | undefined> {
  const variable = `PIGEONHOLE_${flag.replaceAll('-', '_').toUpperCase()}`
  return optional(
    { flag: `--${flag} <number>`, variables: [variable], about, format: wholeNumber({ min }) },
    undefined,
  )
}
