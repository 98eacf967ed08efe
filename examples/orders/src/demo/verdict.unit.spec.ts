import { describe, expect, it } from 'vitest'
import { objections, type RunResult } from './verdict.js'

const injected = { kills: 4, pauses: 2, deliveredTwice: 9, sentTwice: 5, acksLost: 3, rolledBack: 7 }

function result(title: string, faults: number): RunResult {
  return { finding: { title, faults, empty: false, committed: 100 }, injected }
}

const usual = result('usual way', 12)
const pigeonhole = result('Pigeonhole', 0)

describe('objections', () => {
  it('has none when one run shows faults, the other none, and all was injected', () => {
    expect(objections(usual, pigeonhole)).toEqual([])
  })

  it('objects to a fault of Pigeonhole', () => {
    expect(objections(usual, result('Pigeonhole', 1))).toEqual(['Pigeonhole has 1 fault'])
  })

  it('objects to a checker that finds no fault in the usual way', () => {
    expect(objections(result('usual way', 0), pigeonhole)).toEqual([
      'usual way shows no fault: the checker is blind, or the faults came to nothing',
    ])
  })

  it.each(['usual way', 'Pigeonhole'])('objects when nothing was committed (%s)', (title) => {
    const emptied = (run: RunResult): RunResult =>
      run.finding.title === title ? { ...run, finding: { ...run.finding, empty: true } } : run
    expect(objections(emptied(usual), emptied(pigeonhole))).toEqual([
      `${title}: nothing was committed, so nothing is shown`,
    ])
  })

  it.each(Object.keys(injected))('objects when one kind of fault was not injected (%s)', (kind) => {
    const tame = { ...pigeonhole, injected: { ...injected, [kind]: 0 } }
    expect(objections(usual, tame)).toEqual([expect.stringMatching(/^Pigeonhole: not injected: /)])
    expect(objections({ ...tame, finding: usual.finding }, pigeonhole)).toHaveLength(1)
  })
})
