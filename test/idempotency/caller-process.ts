import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { idempotentFetch, type KeptKey, type KeyStore } from '@pigeonhole/http'

const [, , url = '', file = '', order = '', point] = process.argv

function reach(reached: 'key kept' | 'answered'): void {
  if (reached === point) process.kill(process.pid, 'SIGKILL')
}

/** A key in a file: whoever links it first has made it. */
const store: KeyStore = {
  async keep(_, fresh) {
    const mine = `${file}.${fresh.key}`
    await writeFile(mine, JSON.stringify(fresh), { flush: true })
    await link(mine, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await unlink(mine)
    return JSON.parse(await readFile(file, 'utf8')) as KeptKey
  },
}

const response = await idempotentFetch(
  url,
  { method: 'POST', body: order },
  {
    key: { operation: order, store },
    backoff: { initialMs: 10, maxMs: 100 },
    async fetch(...request) {
      reach('key kept')
      const answer = await fetch(...request)
      reach('answered')
      return answer
    },
  },
)
const replayed = response.headers.get('idempotency-replayed') === 'true'
process.stdout.write(JSON.stringify({ status: response.status, replayed, body: await response.text() }))
