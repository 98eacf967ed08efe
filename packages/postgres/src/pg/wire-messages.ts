// PostgreSQL's protocol, version 3: a letter, the length with itself, the rest.
function message(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)),
  )
  const head = Buffer.alloc(5, type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const none = Buffer.alloc(2)
const allRows = Buffer.alloc(4)

/**
 * The messages that run `statements` one after the other, without a Sync: what follows one that fails is not run, up to the next
 * Sync.
 */
export function runMessages(statements: readonly string[]): Buffer {
  return Buffer.concat(
    statements.flatMap((text) => [
      message('P', '', text, none),
      message('B', '', '', none, none, none),
      message('E', '', allRows),
    ]),
  )
}
