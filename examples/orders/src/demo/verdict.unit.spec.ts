import { describe, expect, it } from 'vitest'
import { objections, type RunResult } from './verdict.js'

const injected = {
  kills: 5,
  pauses: 2,
  answersLost: 6,
  clickedTwice: 4,
  deliveredTwice: 9,
  sentTwice: 5,
  acksLost: 3,
  rolledBack: 7,
}

function result(title: string, intentFaults: number, messageFaults: number): RunResult {
  const counts = { intents: 50, intentFaults, committed: 100, messageFaults }
  return { finding: { title, empty: false, ...counts }, injected }
}

const usual = result('usual way', 3, 12)
const pigeonhole = result('Pigeonhole', 0, 0)

describe('objections', () => {
  it('has none when one run shows faults, the other none, and all was injected', () => {
    expect(objections(usual, pigeonhole)).toEqual([])
  })

  it.each([
    [1, 0, '1 fault'],
    [0, 1, '1 fault'],
    [2, 1, '3 faults'],
  ])('objects to faults of Pigeonhole (%d of callers, %d of messages)', (ofCallers, ofMessages, told) => {
    expect(objections(usual, result('Pigeonhole', ofCallers, ofMessages))).toEqual([`Pigeonhole has ${told}`])
  })

  it.each([
    [0, 12, 'callers'],
    [3, 0, 'messages'],
  ])('objects to a checker that finds %d and %d faults in the usual way', (ofCallers, ofMessages, kind) => {
    expect(objections(result('usual way', ofCallers, ofMessages), pigeonhole)).toEqual([
      `usual way shows no fault for ${kind}: the checker is blind, or the faults came to nothing`,
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
