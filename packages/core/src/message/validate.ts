import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Topic } from './topic.js'

/**
 * Holds `value` to the topic's schema and returns what the schema makes of it; without a schema, `value` itself.
 * @throws VALUE_INVALID naming the path of the first issue. The value itself is never part of the message.
 */
export async function validateValue<In, Out>(topic: Topic<In, Out>, value: unknown): Promise<Out> {
  if (!topic.schema) return value as Out
  const result = await topic.schema['~standard'].validate(value)
  if (!result.issues) return result.value
  const issue = result.issues[0]
  // Some schema libraries quote the value in an issue's message, so it is kept out of ours.
  const path = issue ? pathOf(issue) : ''
  throw new PigeonholeError('VALUE_INVALID', {
    message: `A value for topic ${topic.name} is not what its schema asks for at ${path || 'its root'}: the issues are this error's cause`,
    details: { topic: topic.name, path },
    cause: result.issues,
  })
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}
