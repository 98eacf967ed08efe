import type { Attributes } from '@opentelemetry/api'

/** What users choose of the conventions. */
export interface Conventions {
  readonly system: string
  readonly messageKeys: boolean
  readonly errorMessages: boolean
}

/** A message as spans tell of it. */
export interface SpannedMessage {
  readonly topic: string
  readonly id: string | undefined
  readonly key: Uint8Array | null
  readonly partition: number | undefined
  readonly offset: bigint | undefined
  readonly isTombstone: boolean
}

/** What an operation does, which is also its name. */
export type Operation = 'create' | 'send' | 'process'

/** Names an operation on `topic`, or on several topics where it is undefined. */
export function operationAttributes(
  { system }: Conventions,
  operation: Operation,
  topic: string | undefined,
): Attributes {
  return {
    'messaging.system': system,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    ...(topic !== undefined && { 'messaging.destination.name': topic }),
  }
}

/** The name of a span. */
export function spanName(operation: Operation, topic: string | undefined): string {
  return topic === undefined ? operation : `${operation} ${topic}`
}

/** What tells a message from others. */
export function messageAttributes(conventions: Conventions, message: SpannedMessage): Attributes {
  const { id, partition, offset, isTombstone } = message
  const key = conventions.messageKeys ? keyText(message.key) : undefined
  return {
    ...(id !== undefined && { 'messaging.message.id': id }),
    ...(partition !== undefined && { 'messaging.destination.partition.id': String(partition) }),
    ...(offset !== undefined && { 'messaging.kafka.offset': Number(offset) }),
    ...(isTombstone && { 'messaging.kafka.message.tombstone': true }),
    ...(key !== undefined && { 'messaging.kafka.message.key': key }),
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// A key that is no text has no form that everyone would agree on, and the conventions leave it out.
function keyText(key: Uint8Array | null): string | undefined {
  if (key === null) return undefined
  try {
    return strictUtf8.decode(key)
  } catch {
    return undefined
  }
}
