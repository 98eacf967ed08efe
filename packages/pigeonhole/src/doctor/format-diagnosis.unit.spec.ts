import { describe, expect, it } from 'vitest'
import type { Examination } from './check.js'
import { type Diagnosis, worstOf } from './diagnosis.js'
import type { Severity } from './finding.js'
import { formatDiagnosis } from './format-diagnosis.js'

function found(check: string, severity: Severity): Examination {
  const finding = { severity, is: `${check} is wrong`, why: 'It matters.', fix: 'One;\nTwo;' }
  return { check, about: `${check} is right`, outcome: 'found', findings: [finding], why: null }
}

const well: Examination = { check: 'well', about: 'all is well', outcome: 'well', findings: [], why: null }
const hidden: Examination = { ...well, check: 'hidden', outcome: 'unexamined', why: 'nobody may look' }
const moot: Examination = { ...well, check: 'moot', outcome: 'inapplicable', why: 'there is none' }

function diagnosisOf(...examinations: readonly Examination[]): Diagnosis {
  return { sides: [{ side: 'postgres', title: 'PostgreSQL', examinations }], created: [] }
}

describe('a diagnosis', () => {
  it('tells the worst first, each with why and its fix, and what is well in a line', () => {
    const diagnosis = diagnosisOf(
      found('a', 'note'),
      well,
      found('b', 'broken'),
      hidden,
      moot,
      found('c', 'risk'),
    )
    expect(formatDiagnosis(diagnosis, { verbose: false })).toBe(`PostgreSQL
  broken  b: b is wrong
          It matters.
          Fix: One;
               Two;
  risk    c: c is wrong
          It matters.
          Fix: One;
               Two;
  note    a: a is wrong
          It matters.
          Fix: One;
               Two;
  ok      1 check
  ?       could not be looked at: hidden (--verbose says why)

1 broken, 1 at risk, 1 note
`)
  })

  it('lists everything where that is asked for', () => {
    expect(formatDiagnosis(diagnosisOf(well, hidden, moot), { verbose: true })).toBe(`PostgreSQL
  ok      well: all is well
  ?       hidden could not be looked at: nobody may look
  -       moot: there is none

Nothing is broken or at risk.
`)
  })

  it('breaks long sentences, and no command', () => {
    const long = 'word '.repeat(40).trim()
    const examination = {
      ...found('a', 'risk'),
      findings: [{ severity: 'risk' as const, is: long, why: 'x', fix: long }],
    }
    const lines = formatDiagnosis(diagnosisOf(examination), { verbose: false }).split('\n')
    expect(lines.filter((line) => line.length > 110)).toEqual([`          Fix: ${long}`])
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain(`a: ${long}`)
  })

  it('says what was created', () => {
    const diagnosis = { ...diagnosisOf(well), created: ['a', 'b'] }
    expect(formatDiagnosis(diagnosis, { verbose: false })).toMatch(/^Created: a, b\n\n/)
  })

  it('is as bad as the worst of it', () => {
    expect(worstOf(diagnosisOf(well, hidden))).toBeUndefined()
    expect(worstOf(diagnosisOf(found('a', 'note')))).toBe('note')
    expect(worstOf(diagnosisOf(found('a', 'note'), found('b', 'risk')))).toBe('risk')
    expect(worstOf(diagnosisOf(found('b', 'risk'), found('c', 'broken')))).toBe('broken')
  })
})
