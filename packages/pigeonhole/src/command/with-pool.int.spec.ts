import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createDatabase, startTcpProxy, type TcpProxy } from '@pigeonhole/testing'
import { expect, inject, it, onTestFinished } from 'vitest'
import { withPool } from './with-pool.js'

const built = new URL('../../dist/command/with-pool.js', import.meta.url).href

// Connects, says so, and ends its pool when it is told to.
const program = `
  import { once } from 'node:events'
  import { withPool } from '${built}'
  await withPool({ connectionString: process.argv[1], max: 2 }, async (pool) => {
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')])
    process.stdout.write('connected')
    await once(process.stdin, 'data')
    process.stdin.destroy()
  })`

async function openProxy(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  const database = await createDatabase({ url: inject('databaseUrl') })
  onTestFinished(() => database.drop())
  const url = new URL(database.url)
  const proxy = await startTcpProxy({ target: url.host })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  url.host = proxy.address
  return { proxy, url: url.href }
}

it('gives up a connection that is never made, and its place in the pool', async () => {
  const { proxy, url } = await openProxy()
  proxy.blackhole()
  await withPool({ connectionString: url, max: 1 }, async (pool) => {
    await expect(pool.query('SELECT 1')).rejects.toThrow('timeout')
    proxy.heal()
    expect((await pool.query('SELECT 1')).rowCount).toBe(1)
  })
})

it('lets a process end whose connections have gone silent', async () => {
  const { proxy, url } = await openProxy()
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  expect(proxy.halfOpen()).toBe(2)
  child.stdin.write('end')
  expect(await once(child, 'exit')).toEqual([0, null])
})
