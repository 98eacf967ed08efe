// Statements over many keys go to the messages of each by the index, whatever statistics the database has. In tables that were not
// analyzed since they were filled it expects one row of each, and a join of them went through all messages for every key.

/** Tells the rows of one side of the parking, or of one inbox. */
export type IsOf = (name: string) => string

/**
 * That the parked message called `message` is of the key of a row called `blocked`, which has its topic and key_digest. The digest is
 * bounded from both sides, not compared: of a range the planner expects a small fixed share, of a key as much as the table had of
 * each when it was analyzed, which may have been all. For a query that nothing else is joined with.
 */
export function isOfBlocked(message: string, blocked: string): string {
  return `${message}.topic = ${blocked}.topic
          AND sha256(${message}.key) >= ${blocked}.key_digest AND sha256(${message}.key) <= ${blocked}.key_digest`
}

/** By their age, and in the order of the index, so that the planner does not go by the primary key through those of all others. */
export const oldestFirst = 'ORDER BY sha256(message.key), message.id'

/** The oldest messages of the key of a row called `blocked`, at most `limit`. */
export function oldestOfBlocked(schema: string, isOf: IsOf, limit = '1'): string {
  return `
        SELECT message.id FROM ${schema}.parked_message AS message
        WHERE ${isOf('message')} AND ${isOfBlocked('message', 'blocked')}
        ${oldestFirst}
        LIMIT ${limit}`
}

/** That the key of a row called `blocked` has a message. OFFSET: the planner makes no join of it. */
export function hasMessage(schema: string, isOf: IsOf): string {
  return `EXISTS (
        SELECT FROM ${schema}.parked_message AS message
        WHERE ${isOf('message')} AND ${isOfBlocked('message', 'blocked')}
        ${oldestFirst}
        OFFSET 0)`
}
