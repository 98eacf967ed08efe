import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createDatabase } from '@pigeonhole/testing'
import { expect, inject, it, onTestFinished } from 'vitest'

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url))

// As `pigeonhole … | head -1` does it, which has gone before all is written.
it.each([
  [['migrate', '--print'], 0],
  [['check', '--json'], 4],
])('%j ends with its own code and says nothing where nobody reads it any more', async (args, ends) => {
  const database = await createDatabase({ url: inject('databaseUrl') })
  onTestFinished(() => database.drop())
  const env = { PATH: process.env['PATH'], DATABASE_URL: database.url }
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  expect({ code, said }).toEqual({ code: ends, said: '' })
})
