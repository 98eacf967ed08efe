// @ts-check
// Everything that can be said about a checkout without a server. Every step runs, also after one has failed.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const packages = readdirSync(path.join(root, 'packages')).map((folder) => path.join('packages', folder))

/** @type {ReadonlyArray<readonly [what: string, command: readonly string[]]>} */
const steps = [
  ['format, lint', ['biome', 'ci', '--error-on-warnings', '--colors=off']],
  ['types of the packages', ['tsc', '--build']],
  ['types of specs, examples, scripts', ['tsc', '--project', 'tsconfig.specs.json']],
  ['dependency table', ['node', 'scripts/check-dependency-table.mjs']],
  ['public API', ['node', 'scripts/check-api-surface.mjs']],
  ['code in the README', ['node', 'scripts/readme-regions.mjs']],
  ['guards in the guarantees', ['node', 'scripts/guard-tables.mjs']],
  ['reference of the API', ['typedoc', '--emit', 'none']],
  ['unused code', ['knip', '--no-progress']],
  ...packages.map(
    (folder) => /** @type {const} */ ([`${folder} as published`, ['publint', '--strict', folder]]),
  ),
  ...packages.map(
    (folder) =>
      /** @type {const} */ ([
        `types of ${folder} as published`,
        ['attw', '--pack', folder, '--profile', 'esm-only', '--quiet'],
      ]),
  ),
  ['unit tests', ['vitest', 'run', '--project', 'unit']],
]

/**
 * Runs a step and shows what it said only if it fails.
 * @param {string} what
 * @param {readonly string[]} command
 */
function passes(what, [program = '', ...args]) {
  const result = spawnSync(program, args, { cwd: root, env: environment, encoding: 'utf8' })
  const passed = result.status === 0
  console.log(`${passed ? 'ok     ' : 'FAILED '} ${what}`)
  if (!passed) console.log(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`)
  return passed
}

const environment = {
  ...process.env,
  PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env['PATH']}`,
}

const failed = steps.filter(([what, command]) => !passes(what, command))
console.log(`${steps.length - failed.length} of ${steps.length} checks passed`)
process.exitCode = failed.length === 0 ? 0 : 1
