// @ts-check
// Takes out one guard in a copy of the tree and runs the chaos there, which is to find what the guard prevents.
//   node scripts/chaos-without.mjs [words of a guard's part, name or file …] -- --seed N --minutes M
// Exits with 0 when the run has found a violation.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mutator } from './break-guards/mutator.mjs'
import { copyTree } from './break-guards/tree-copy.mjs'
import { guards } from './guards.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const given = process.argv.slice(2)
const end = given.includes('--') ? given.indexOf('--') : given.length
const words = given.slice(0, end)
const chosen = guards.filter(({ part, name, file }) =>
  words.every((word) => `${part}: ${name} ${file}`.includes(word)),
)
const [guard, ...others] = chosen
if (guard === undefined || others.some(({ file, find }) => file !== guard.file || find !== guard.find)) {
  console.error(`${chosen.length} guards have these words:`)
  for (const { part, name } of chosen) console.error(`  ${part}: ${name}`)
  process.exit(2)
}

const copy = copyTree(root)
try {
  new Mutator(copy).takeOut(guard)
  console.log(`Without "${guard.part}: ${guard.name}" (${guard.file})`)
  const program = join(copy, 'test', 'dist', 'chaos', 'main.js')
  const { status } = spawnSync(process.execPath, [program, ...given.slice(end + 1)], { stdio: 'inherit' })
  console.log(status === 1 ? 'The run misses it.' : `The run does not miss it: it exits with ${status}.`)
  process.exitCode = status === 1 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
