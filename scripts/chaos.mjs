// @ts-check
// The chaos rounds against real servers, and behind them the exhaustive search of the specification. Both run, and either
// one that fails fails the whole. The arguments are the rounds' own.
//   npm run chaos -- [--seed N --minutes M …]
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string[]} args */
function run(args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  return status ?? 1
}

const rounds = run(['test/dist/chaos/main.js', ...process.argv.slice(2)])
const search = run(['scripts/spec.mjs'])
// The rounds tell a failure from a run that broke off.
process.exitCode = rounds || search
