// @ts-check
// Bundles the relay and the writers of the tests as an earlier commit has them, for the tests in which an earlier build and the
// current one share an outbox: one build for each version of the tables, in test/rolling/builds. They are committed: a checkout may
// have no history. What they import from npm is the checkout's own.
//   git worktree add DIRECTORY COMMIT && (cd DIRECTORY && npm run setup) && node scripts/earlier-build.mjs DIRECTORY
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const programs = ['relay-process', 'writers']

const tree = resolve(process.argv[2] ?? fail('Name a directory in which an earlier commit is built.'))
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: tree, encoding: 'utf8' }).trim()
const builds = join(root, 'test', 'rolling', 'builds', `schema-${schemaVersion()}`)
mkdirSync(builds, { recursive: true })

const folder = mkdtempSync(join(tmpdir(), 'pigeonhole-earlier-'))
try {
  for (const program of programs) {
    const file = join(folder, `${program}.js`)
    bundle(program, file)
    writeFileSync(join(builds, `${program}.js.gz`), gzipSync(readFileSync(file), { level: 9 }))
  }
  writeFileSync(join(builds, 'build.json'), `${JSON.stringify({ commit }, null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function schemaVersion() {
  const source = readFileSync(join(tree, 'packages/postgres/src/schema/check-schema-version.ts'), 'utf8')
  return /requiredSchemaVersion = (\d+)/.exec(source)?.[1] ?? fail('It says no version of the tables.')
}

/**
 * What is ours is bundled, the rest is imported.
 * @param {string} program
 * @param {string} file
 */
function bundle(program, file) {
  const config = join(folder, `${program}.config.mjs`)
  const input = join(tree, 'test', 'dist', 'relay', `${program}.js`)
  writeFileSync(
    config,
    `export default {
      input: ${JSON.stringify(input)},
      platform: 'node',
      external: (id) => !/^(@pigeonhole\\/|\\.|\\/)/.test(id),
      output: { format: 'esm', file: ${JSON.stringify(file)} },
    }`,
  )
  execFileSync(join(root, 'node_modules', '.bin', 'rolldown'), ['-c', config], {
    cwd: tree,
    stdio: 'inherit',
  })
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  throw new Error(message)
}
