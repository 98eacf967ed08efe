import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { descendantsOf, stillRunning } from './process-tree.js'

// A shell (in parentheses-laden name) that starts a sleeper and waits for it.
const nested = `const { spawn } = require('node:child_process')
process.title = 'a ) b (c'
spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])`

test('finds the children of children, and sees them gone', async () => {
  const root = spawn(process.execPath, [
    '-e',
    `const { spawn } = require('node:child_process')
    spawn(process.execPath, ['-e', ${JSON.stringify(nested)}])`,
  ])
  const pid = root.pid ?? 0
  const below = await vi.waitFor(async () => {
    const found = await descendantsOf(pid)
    expect(found).toHaveLength(2)
    return found
  }, 45_000)

  expect(await stillRunning([pid, ...below])).toHaveLength(3)
  for (const each of [pid, ...below]) process.kill(each, 'SIGKILL')
  await once(root, 'exit')
  await expect.poll(() => stillRunning([pid, ...below])).toEqual([])
})
