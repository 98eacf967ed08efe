/** That a row called `name` is of the inbox $1. Its scope says so alone, but the side is what the indexes begin with. */
export function isOf(name: string): string {
  return `${name}.side = 'inbox' AND ${name}.scope = $1::text`
}

/** The ordinal of the newest (`DESC`) or oldest (`ASC`) message of the blocked key that is called `name`. */
export function lastOrdinal(schema: string, name: string, direction: 'ASC' | 'DESC'): string {
  return `(
      SELECT ordinal FROM ${schema}.parked_message AS message
      WHERE ${isOf('message')} AND message.topic = $2::text AND sha256(message.key) = sha256(${name}.key)
      ORDER BY message.id ${direction} LIMIT 1)`
}

/** That a blocked key called `name` is of the topic $2 and the key $3 of the inbox $1. */
export function isKey(name: string): string {
  return isKeyIn(name, '$3')
}

/** As {@link isKey}, where the key is another parameter. */
export function isKeyIn(name: string, parameter: string): string {
  return `${isOf(name)} AND ${name}.topic = $2::text AND ${name}.key_digest = ${digestOf(parameter)}`
}

/** That a parked message called `name` is of the topic $2 and the key $3 of the inbox $1. */
export function isOfKey(name: string): string {
  return `${isOf(name)} AND ${name}.topic = $2::text AND sha256(${name}.key) = ${digestOf('$3')}`
}

function digestOf(parameter: string): string {
  return `sha256(decode(${parameter}::text, 'base64'))`
}
