/** The columns of a parked message that come from the outbox, in the order of {@link movedValues}. */
export const movedColumns =
  'side, scope, topic, key, message_id, bucket, partition, headers, payload, created_at'

/** The values of a row of the outbox called `name`. */
export function movedValues(name: string): string {
  const column = (text: string): string => `${name}.${text}`
  const kept = ['bucket', 'partition', 'headers', 'payload', 'created_at'].map(column).join(', ')
  return `'outbox', '', ${name}.topic, ${name}.key, ${name}.id::text, ${kept}`
}
