// Takes out each guard and rule listed in guards.mjs, one at a time, in a copy of the tree, and expects the test named
// there to fail. A guard whose test still passes is a guard that nobody would miss, or a test that cannot fail.
//   node scripts/break-guards.mjs [words of a guard's name …]
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { guards } from './guards.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

// Dependencies are linked one by one, so that the packages of the workspace resolve inside the copy.
function copyTree() {
  const copy = mkdtempSync(path.join(tmpdir(), 'pigeonhole-guards-'))
  const skipped = new Set(['node_modules', '.git', '.turbo'])
  cpSync(root, copy, { recursive: true, filter: (source) => !skipped.has(path.basename(source)) })
  const modules = path.join(copy, 'node_modules')
  mkdirSync(path.join(modules, '@pigeonhole'), { recursive: true })
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (name === '@pigeonhole' || name === 'pigeonhole') continue
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  for (const folder of readdirSync(path.join(copy, 'packages'))) {
    const target = path.join(copy, 'packages', folder)
    symlinkSync(target, path.join(modules, folder === 'pigeonhole' ? folder : `@pigeonhole/${folder}`))
  }
  for (const folder of readdirSync(path.join(root, 'packages'))) {
    const own = path.join(root, 'packages', folder, 'node_modules')
    try {
      symlinkSync(readdirSync(own) && own, path.join(copy, 'packages', folder, 'node_modules'))
    } catch {
      // This package has no dependencies of its own version.
    }
  }
  return copy
}

function build(copy) {
  // A removed guard may leave an unused name behind: tsc reports it and emits all the same.
  spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/testing', 'test'], {
    cwd: copy,
  })
}

function runTest(copy, { spec, test }) {
  const project = /\.(unit|int|e2e|full)\.spec\.ts$/.exec(spec)?.[1]
  const report = path.join(copy, 'guard-report.json')
  rmSync(report, { force: true })
  const args = ['run', '--project', project, spec, '-t', test, '--reporter=json', `--outputFile=${report}`]
  const run = spawnSync(process.execPath, [path.join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: copy,
    encoding: 'utf8',
    timeout: 180_000,
  })
  try {
    const { numFailedTests, numPassedTests } = JSON.parse(readFileSync(report, 'utf8'))
    return { failed: numFailedTests, passed: numPassedTests }
  } catch {
    // A test that hangs without its guard is ended from outside: the guard was missed.
    if (run.error?.code === 'ETIMEDOUT') return { failed: 1, passed: 0 }
    throw new Error(`vitest left no report for ${spec}:\n${run.stdout}\n${run.stderr}`)
  }
}

function breakGuard(copy, guard) {
  const file = path.join(copy, guard.file)
  const original = readFileSync(file, 'utf8')
  if (original.split(guard.find).length !== 2) return `not found exactly once in ${guard.file}`
  writeFileSync(file, original.replace(guard.find, () => guard.replace))
  try {
    build(copy)
    const { failed, passed } = runTest(copy, guard)
    if (failed > 0) return undefined
    return passed > 0 ? 'its test passes without it' : `no test is called "${guard.test}" in ${guard.spec}`
  } finally {
    writeFileSync(file, original)
  }
}

const { startKafka, startPostgres } = await import('@pigeonhole/testing')
const wanted = process.argv.slice(2)
const chosen = guards.filter(({ name }) => wanted.every((word) => name.includes(word)))
const copy = copyTree()
const [postgres, kafka] = await Promise.all([startPostgres(), startKafka({ brokers: 1 })])
process.env.PIGEONHOLE_TEST_DATABASE_URL = postgres.url
process.env.PIGEONHOLE_TEST_KAFKA_BROKERS = kafka.brokers.join(',')
let missed = 0
try {
  for (const guard of chosen) {
    const survived = breakGuard(copy, guard)
    if (survived) missed += 1
    console.log(`${survived ? 'FAILED' : 'missed by its test'}  ${guard.name}${survived ? `: ${survived}` : ''}`)
  }
} finally {
  await Promise.all([postgres.stop(), kafka.stop()])
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${chosen.length - missed} of ${chosen.length} guards are missed by their tests when they are taken out`)
process.exitCode = missed > 0 || chosen.length === 0 ? 1 : 0
