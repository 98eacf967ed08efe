// @ts-check
// Makes a checkout ready to run: dependencies, generated clients, builds. Needs nothing but Node, and does only what
// is missing, so that every npm script may begin with it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const environment = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  // Prisma would fetch its schema engine, which generating a client never runs.
  PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'scripts', 'no-schema-engine.mjs'),
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24
  if (supported) return
  fail(`Node ${process.versions.node} is not supported. Install Node 20.19, 22.12, or 24 and later.`)
}

/** Whether npm's own record of what it installed holds everything that the lockfile asks for on every platform. */
function isInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = readPackages(record)
  return Object.entries(readPackages(join(root, 'package-lock.json')))
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.optional && !entry.devOptional)
    .every(([path, entry]) => installed[path]?.version === entry.version)
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }>}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/**
 * Runs a program of this checkout, and shows what it said only if it fails.
 * @param {string} what
 * @param {string} command
 * @param {string[]} args
 */
function run(what, command, args) {
  const windows = process.platform === 'win32'
  const result = spawnSync(command, args, { cwd: root, env: environment, encoding: 'utf8', shell: windows })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}\n`)
  fail(`${what} failed: ${command} ${args.join(' ')}`)
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`[pigeonhole] ${message}\n`)
  process.exit(1)
}

checkNode()
if (!isInstalled()) {
  process.stderr.write('[pigeonhole] Installing dependencies (npm ci)\n')
  run('Installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund'])
}
const turbo = join(root, 'node_modules', '.bin', 'turbo')
run('Building', turbo, ['run', 'generate', 'build', '--output-logs=errors-only', '--no-update-notifier'])
