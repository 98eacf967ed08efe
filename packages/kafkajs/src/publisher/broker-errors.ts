import { isPigeonholeError, PigeonholeError } from '@pigeonhole/core'

/** Why a broker refused a request, as kafkajs tells it. */
export interface Refusal {
  /** Name of the protocol's error code. */
  readonly type: string
  readonly message: string
}

const accessTypes: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
])

// Error code 90, PRODUCER_FENCED, is younger than kafkajs: it has no name for it.
const producerFenced = 'Unknown error code 90'

/** What the broker answered, from wherever kafkajs has put it; undefined when there was no such answer. */
export function refusalOf(error: unknown): Refusal | undefined {
  for (const layer of layersOf(error)) {
    const message = String(layer.message)
    if (typeof layer.type === 'string') return { type: layer.type, message }
    if (layer.name === 'KafkaJSSASLAuthenticationError')
      return { type: 'SASL_AUTHENTICATION_FAILED', message }
  }
  return undefined
}

/** Whether the broker refused access: credentials, or an ACL. */
export function isAccessRefusal(refusal: Refusal): boolean {
  return accessTypes.has(refusal.type)
}

/** Whether the broker knows a newer producer of the transactional id, or has aborted the transaction by timeout. */
export function isFenced({ type, message }: Refusal): boolean {
  return type === 'INVALID_PRODUCER_EPOCH' || message === producerFenced
}

/** What was attempted when an error came, and on what. */
export interface Attempt {
  readonly doing: string
  readonly topic?: string
  readonly transactionalId?: string
  /** A consumer's. */
  readonly group?: string
}

/** The coded error for one of kafkajs. Coded errors pass unmodified. */
export function brokerError(error: unknown, attempt: Attempt): PigeonholeError {
  if (isPigeonholeError(error)) return error
  const refusal = refusalOf(error)
  if (refusal && accessTypes.has(refusal.type)) return accessDenied(error, refusal, attempt)
  return new PigeonholeError('BROKER_UNAVAILABLE', {
    message: `Kafka did not do what was asked (${attempt.doing}): ${String((error as Error).message)}`,
    details: {},
    cause: error,
    retryable: true,
  })
}

function accessDenied(cause: unknown, { type }: Refusal, attempt: Attempt): PigeonholeError {
  const resource = resourceOf(type, attempt)
  const on = resource === undefined ? '' : `, ${resource}`
  return new PigeonholeError('BROKER_ACCESS_DENIED', {
    message: `Kafka refuses access (${attempt.doing}${on}): ${type}. Check the credentials and the ACLs`,
    details: resource === undefined ? {} : { resource },
    cause,
  })
}

function resourceOf(type: string, { topic, transactionalId, group }: Attempt): string | undefined {
  if (type.startsWith('TOPIC_')) return topic
  if (type.startsWith('GROUP_')) return group
  return type.startsWith('TRANSACTIONAL_ID_') ? transactionalId : undefined
}

/** The coded error for a producer whose place was taken. */
export function fencedError(cause: unknown, shard: number): PigeonholeError<'PRODUCER_FENCED'> {
  return new PigeonholeError('PRODUCER_FENCED', {
    message: `The producer of shard ${shard} is fenced: a newer one has its transactional id, or its transaction ran into its timeout`,
    details: { shard },
    cause,
    retryable: true,
  })
}

interface Layer {
  readonly type?: unknown
  readonly name?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

// kafkajs wraps an answer in up to three errors, and several answers of topics in one error with a list.
function* layersOf(error: unknown, depth = 0): Generator<Layer> {
  if (typeof error !== 'object' || error === null || depth > 5) return
  const layer: Layer = error
  yield layer
  yield* layersOf(layer.cause, depth + 1)
  if (Array.isArray(layer.errors)) for (const one of layer.errors) yield* layersOf(one, depth + 1)
}
