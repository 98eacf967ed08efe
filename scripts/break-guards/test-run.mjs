// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** @import { Readable } from 'node:stream' */

/**
 * What became of one test, or, without its name, why a spec did not run as a whole.
 * @typedef {{ spec: string, test?: string, passed?: boolean, message: string }} TestLine
 */

/**
 * What became of a run. It hung when it was ended from outside, with nothing failed by then.
 * @typedef {{ lines: readonly TestLine[], hung: boolean, output: string }} TestRun
 */

/**
 * Which tests are run, and for how long at most.
 * @typedef {object} TestRequest
 * @property {string} root Where the specs are.
 * @property {string} project A project of vitest.config.ts.
 * @property {readonly string[]} specs
 * @property {readonly string[]} tests Parts of their full names.
 * @property {number} timeoutMs
 * @property {boolean} patient Whether to run all tests, however long they take; otherwise only until one fails.
 * @property {AbortSignal} signal Ends the run.
 */

const reporter = fileURLToPath(new URL('line-reporter.mjs', import.meta.url))

/**
 * Runs tests with vitest, in a process group of its own that is gone afterwards, with whatever the tests have started.
 * @param {TestRequest} request
 * @returns {Promise<TestRun>}
 */
export async function runTests(request) {
  const { root, timeoutMs, signal } = request
  signal.throwIfAborted()
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, ...argumentsOf(request)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const end = () => endGroup(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data))
  /** @type {TestLine[]} */
  const lines = []
  let hung = false
  const expire = () => {
    hung = !lines.some(isFailure)
    end()
  }
  const timer = setTimeout(expire, timeoutMs)
  const reported = createInterface({ input: /** @type {Readable} */ (child.stdio[3]) })
  reported.on('line', (line) => lines.push(/** @type {TestLine} */ (JSON.parse(line))))
  signal.addEventListener('abort', end)
  child.once('exit', end)
  try {
    await once(child, 'close')
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
  signal.throwIfAborted()
  return { lines, hung, output }
}

/** @param {TestLine} line */
export function isFailure({ passed }) {
  return passed === false
}

/** @param {TestRequest} request */
function argumentsOf({ root, project, specs, tests, patient }) {
  const args = [
    'run',
    '--project',
    project,
    ...specs,
    '-t',
    tests.map(escaped).join('|'),
    '--reporter',
    reporter,
  ]
  if (patient) return args
  const config = join(root, 'scripts', 'break-guards', 'vitest.config.mjs')
  const timeout = project === 'unit' ? ['--testTimeout', '5000'] : []
  return [...args, '--root', root, '--config', config, ...timeout, '--bail', '1']
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
