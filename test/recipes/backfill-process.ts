// Runs the backfill, and kills itself before or after one of its commits.
import { topic } from '@pigeonhole/core'
import pg from 'pg'
import { backfill, type Customer } from './backfill.js'

const [, , connectionString, name = '', phase, commit] = process.argv

let commits = 0

function reach(reached: string): void {
  if (reached === phase && commits === Number(commit)) process.kill(process.pid, 'SIGKILL')
}

const pool = new pg.Pool({ connectionString })
pool.on('connect', (client) => {
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
  const observed = async (...args: unknown[]): Promise<unknown> => {
    if (args[0] !== 'COMMIT') return query(...args)
    commits += 1
    reach('before')
    const result = await query(...args)
    reach('after')
    return result
  }
  client.query = observed as typeof client.query
})
await backfill(pool, topic<Customer>(name, { key: ({ id }) => id }), 7)
await pool.end()
