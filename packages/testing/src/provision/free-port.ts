import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below every system's ephemeral range: a client that retries a killed server's ephemeral port may be given
// that very port as its own, connect to itself, and keep the server from coming back.
const lowest = 15_000
const highest = 32_000

// Nobody listens yet on one that was given a moment ago: three brokers ask for nine at once.
const given = new Set<number>()

/** A port of 127.0.0.1 on which nobody listens now, and that was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest)
    if (given.has(port)) continue
    given.add(port)
    if (await canListen(port)) return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
