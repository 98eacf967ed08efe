// @ts-check
// Has Spin search every state of the specification in docs/spec, whole and without each of its guards. Whole, it must find
// nothing; without a guard it must find a violation.
//   npm run spec -- [words of a name …]
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checks } from './spec/checks.mjs'

/** @import { Check } from './spec/checks.mjs' */

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} fails:\n${stdout}${stderr}`)
  return stdout
}

function provideSpin() {
  if (spawnSync('spin', ['-V']).status === 0) return
  if (process.getuid?.() !== 0) throw new Error('Spin is missing: apt-get install spin gcc')
  run('apt-get', ['update'], root)
  run('apt-get', ['install', '-y', 'spin', 'gcc'], root)
}

/** @param {Check} check */
function search({ model, flags }) {
  const folder = mkdtempSync(join(tmpdir(), 'pigeonhole-spec-'))
  try {
    cpSync(join(root, 'docs/spec'), folder, { recursive: true })
    run('spin', ['-a', ...flags, `${model}.pml`], folder)
    run('gcc', ['-O2', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=4096', '-w', '-o', 'pan', 'pan.c'], folder)
    const output = run('./pan', ['-E', '-m500000'], folder)
    const states = Number(/(\d+) states, stored/.exec(output)?.[1])
    const violation = /pan:1: (.*) \(at depth/.exec(output)?.[1]
    // Out of memory or depth is no verdict.
    const isExhausted =
      violation !== undefined || !/max search depth too small|out of memory|not completed/.test(output)
    return { states, violation, isExhausted }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const words = process.argv.slice(2)
provideSpin()
for (const check of checks.filter(({ name }) => words.every((word) => name.includes(word)))) {
  const started = performance.now()
  const { states, violation, isExhausted } = search(check)
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const isRight = isExhausted && (violation === undefined) === check.holds
  const verdict = violation ? `violation: ${violation}` : isExhausted ? 'no violation' : 'not exhausted'
  console.log(`${isRight ? 'ok    ' : 'WRONG '} ${check.name}: ${verdict} (${states} states, ${seconds} s)`)
  if (!isRight) process.exitCode = 1
}
