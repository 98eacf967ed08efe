// @ts-check
// A reporter of vitest's: a line of JSON for each test, and each spec that did not begin, on file descriptor 3, at once.
import { writeSync } from 'node:fs'

/** @import { Reporter, TestCase, TestModule } from 'vitest/node' */
/** @import { TestLine } from './test-run.mjs' */

/** @param {TestLine} line */
function report(line) {
  writeSync(3, `${JSON.stringify(line)}\n`)
}

// As `-t` sees it.
/** @param {TestCase} test */
function fullNameOf(test) {
  const names = [test.name]
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) names.unshift(parent.name)
  return names.join(' ')
}

// What a test throws may be no error.
/** @param {readonly { message?: string }[] | undefined} errors */
function messageOf(errors) {
  return errors?.[0]?.message?.split('\n')[0] ?? ''
}

/** @implements {Reporter} */
export default class LineReporter {
  /** @param {TestCase} test */
  onTestCaseResult(test) {
    const { state, errors } = test.result()
    if (state !== 'passed' && state !== 'failed') return
    const spec = test.module.relativeModuleId
    report({ spec, test: fullNameOf(test), passed: state === 'passed', message: messageOf(errors) })
  }

  /** @param {TestModule} module */
  onTestModuleEnd(module) {
    const suites = [module, ...module.children.allSuites()]
    const errors = suites.flatMap((suite) => suite.errors())
    if (errors.length > 0) report({ spec: module.relativeModuleId, message: messageOf(errors) })
  }
}
