// @ts-check
// Takes out each guard and rule listed in guards.mjs, one at a time, in a copy of the tree, and expects the test named
// there to fail. A guard that no test misses is one that could be lost unseen.
//   npm run test:guards -- [words of a guard's part, name or file …]
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mutator, UnfitGuard } from './break-guards/mutator.mjs'
import { isFailure, runTests } from './break-guards/test-run.mjs'
import { copyTree } from './break-guards/tree-copy.mjs'
import { guards } from './guards.mjs'

/** @import { Guard } from './guards.mjs' */
/** @import { TestLine, TestRun } from './break-guards/test-run.mjs' */

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const projects = ['unit', 'int', 'e2e', 'full', 'trouble', 'matrix']
const baselineTimeoutMs = 600_000
const mutantTimeoutMs = 100_000

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(name, () => interrupted.abort(new Error(`Interrupted by ${name}`)))
const { signal } = interrupted

const words = process.argv.slice(2)
const chosen = guards.filter(({ part, name, file }) =>
  words.every((word) => `${part}: ${name} ${file}`.includes(word)),
)

/** @param {Guard} guard */
function projectOf({ spec }) {
  return spec.split('.').at(-3) ?? ''
}

/**
 * Provides the servers that the chosen guards' tests need, once for all runs.
 * @param {() => Promise<number>} work
 */
async function withServers(work) {
  if (chosen.every((guard) => projectOf(guard) === 'unit')) return work()
  const { startKafka, startPostgres } = await import('@pigeonhole/testing')
  const postgres = await startPostgres()
  try {
    const kafka = await startKafka({ brokers: 1 })
    try {
      process.env['PIGEONHOLE_TEST_DATABASE_URL'] = postgres.url
      process.env['PIGEONHOLE_TEST_KAFKA_BROKERS'] = kafka.brokers.join(',')
      return await work()
    } finally {
      await kafka.stop()
    }
  } finally {
    await postgres.stop()
  }
}

/**
 * Runs all tests of the chosen guards with nothing taken out.
 * @param {string} copy
 * @returns {Promise<TestLine[]>}
 */
async function runBaseline(copy) {
  /** @type {TestLine[]} */
  const results = []
  for (const project of projects) {
    const group = chosen.filter((guard) => projectOf(guard) === project)
    if (group.length === 0) continue
    const specs = [...new Set(group.map(({ spec }) => spec))]
    const tests = [...new Set(group.map(({ test }) => test))]
    const bounds = { timeoutMs: baselineTimeoutMs, patient: true, signal }
    const run = await runTests({ root: copy, project, specs, tests, ...bounds })
    if (run.hung || run.lines.length === 0)
      throw new Error(`With nothing taken out the ${project} tests do not run:\n${run.output}`)
    results.push(...run.lines)
  }
  return results
}

/**
 * Why the guard's test proves nothing, before anything is taken out; undefined when it passes.
 * @param {Guard} guard
 * @param {readonly TestLine[]} baseline
 */
function faultOfTest(guard, baseline) {
  const ofSpec = baseline.filter(({ spec }) => spec === guard.spec)
  const named = ofSpec.filter(({ test }) => test?.includes(guard.test))
  const failed = named.find(isFailure) ?? ofSpec.find(({ test }) => test === undefined)
  if (failed) return `"${guard.test}" fails with nothing taken out: ${failed.message}`
  return named.length === 0 ? `no test of ${guard.spec} is called "${guard.test}"` : undefined
}

/**
 * Why the guard is not missed; undefined when its test fails without it.
 * @param {Guard} guard
 * @param {TestRun} run
 */
function faultOfGuard({ test }, { hung, lines, output }) {
  if (hung || lines.some(isFailure)) return undefined
  if (lines.some(({ passed }) => passed)) return `"${test}" passes without it`
  return `"${test}" did not run: ${lines[0]?.message ?? output}`
}

/**
 * @param {Guard} guard
 * @param {string} copy
 * @param {Mutator} mutator
 */
async function breakGuard(guard, copy, mutator) {
  const putBack = mutator.takeOut(guard)
  try {
    const request = { root: copy, project: projectOf(guard), specs: [guard.spec], tests: [guard.test] }
    const bounds = { timeoutMs: mutantTimeoutMs, patient: false, signal }
    return faultOfGuard(guard, await runTests({ ...request, ...bounds }))
  } finally {
    putBack()
  }
}

/**
 * Resolves to how many guards are missed.
 * @param {string} copy
 */
async function breakAll(copy) {
  const baseline = await runBaseline(copy)
  const mutator = new Mutator(copy)
  let missed = 0
  for (const guard of chosen) {
    const started = performance.now()
    let fault = faultOfTest(guard, baseline)
    try {
      fault ??= await breakGuard(guard, copy, mutator)
    } catch (error) {
      if (!(error instanceof UnfitGuard)) throw error
      fault = error.message
    }
    if (!fault) missed += 1
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(
      `${fault ? 'NOT MISSED' : 'missed    '} ${seconds.padStart(5)} s  ${guard.part}: ${guard.name}`,
    )
    if (fault) console.log(`             ${fault}`)
  }
  return missed
}

const started = performance.now()
const copy = copyTree(root)
try {
  const missed = await withServers(() => breakAll(copy))
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  console.log(
    `${missed} of ${chosen.length} guards are missed by their tests when they are taken out (${minutes} min)`,
  )
  process.exitCode = missed === chosen.length && missed > 0 ? 0 : 1
} catch (error) {
  if (!signal.aborted) throw error
  console.error(signal.reason.message)
  process.exitCode = 130
} finally {
  rmSync(copy, { recursive: true, force: true })
}
