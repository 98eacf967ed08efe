// @ts-check
// Installs the programs that the full tests and the chaos suite run beside what npm and Maven bring: with apt-get as root,
// else it names what is missing. Does only what is missing.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Debian's package of each program. @type {Readonly<Record<string, string>>} */
const packages = {
  pgbouncer: 'pgbouncer',
  chromium: 'chromium',
  promtool: 'prometheus',
  prometheus: 'prometheus',
}

/** @param {string} program */
function isInstalled(program) {
  // Debian keeps some among the programs of the superuser, which others do not have on their path.
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin']
  return folders.some((folder) => existsSync(path.join(folder, program)))
}

/** @param {readonly string[]} args */
function apt(args) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', [...args], { env: environment, encoding: 'utf8' })
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`[pigeonhole] ${message}\n`)
  process.exit(1)
}

const missing = Object.keys(packages).filter((program) => !isInstalled(program))
if (missing.length > 0) {
  const wanted = [...new Set(missing.map((program) => packages[program] ?? program))]
  const isRoot = process.getuid?.() === 0
  if (!isRoot || apt(['--version']).status !== 0) {
    fail(
      `Missing: ${missing.join(', ')}. Install what your system calls ${wanted.join(', ')}, and run this again.`,
    )
  }
  process.stderr.write(`[pigeonhole] Installing ${wanted.join(', ')} (apt-get)\n`)
  apt(['update'])
  const installed = apt(['install', '--yes', '--no-install-recommends', ...wanted])
  if (installed.status !== 0) fail(`apt-get could not install ${wanted.join(', ')}:\n${installed.stderr}`)
}
