import type { Examination, Outcome } from './check.js'
import { countFindings, type DiagnosedSide, type Diagnosis } from './diagnosis.js'
import { type Finding, severities } from './finding.js'

const margin = '  '
const label = 8
const indent = ' '.repeat(margin.length + label)
const width = 110

/** A diagnosis as people read it. `verbose`: also what was found to be well. */
export function formatDiagnosis(diagnosis: Diagnosis, { verbose }: { readonly verbose: boolean }): string {
  const { created, sides } = diagnosis
  const lines = [
    ...(created.length > 0 ? [`Created: ${created.join(', ')}`, ''] : []),
    ...sides.flatMap((side) => [...formatSide(side, verbose), '']),
    summaryOf(diagnosis),
  ]
  return `${lines.join('\n')}\n`
}

function formatSide({ title, examinations }: DiagnosedSide, verbose: boolean): string[] {
  const found = severities.flatMap((severity) =>
    examinations.flatMap(({ check, findings }) =>
      findings.filter((it) => it.severity === severity).flatMap((it) => formatFinding(check, it)),
    ),
  )
  const of = (outcome: Outcome): Examination[] => examinations.filter((it) => it.outcome === outcome)
  const lines = verbose ? listAll(of) : countAll(of)
  return [title, ...found, ...lines]
}

type Select = (outcome: Outcome) => Examination[]

function countAll(of: Select): string[] {
  const well = of('well').length
  const unexamined = of('unexamined').map(({ check }) => check)
  const hidden = `could not be looked at: ${unexamined.join(', ')} (--verbose says why)`
  return [
    ...(well > 0 ? [entry('ok', `${well} ${well === 1 ? 'check' : 'checks'}`)] : []),
    ...(unexamined.length > 0 ? wrap(entry('?', hidden)) : []),
  ]
}

function listAll(of: Select): string[] {
  return [
    ...of('well').map(({ check, about }) => entry('ok', `${check}: ${about}`)),
    ...of('unexamined').flatMap(({ check, why }) =>
      wrap(entry('?', `${check} could not be looked at: ${why}`)),
    ),
    ...of('inapplicable').flatMap(({ check, why }) => wrap(entry('-', `${check}: ${why}`))),
  ]
}

function formatFinding(check: string, { severity, is, why, fix }: Finding): string[] {
  const [first = '', ...more] = fix.split('\n')
  return [
    ...wrap(entry(severity, `${check}: ${is}`)),
    ...wrap(`${indent}${why}`),
    // Not wrapped: it is there to be pasted.
    `${indent}Fix: ${first}`,
    ...more.map((line) => `${indent}     ${line}`),
  ]
}

function entry(kind: string, text: string): string {
  return `${margin}${kind.padEnd(label)}${text}`
}

function wrap(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S) /)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && longer.length > width) {
      lines.push(line)
      line = `${indent}${word}`
    } else line = longer
  }
  return [...lines, line]
}

function summaryOf(diagnosis: Diagnosis): string {
  const { broken, risk, note } = countFindings(diagnosis)
  if (broken + risk === 0)
    return `Nothing is broken or at risk${note > 0 ? ` (${counted(note, 'note')})` : ''}.`
  return [
    ...(broken > 0 ? [`${broken} broken`] : []),
    ...(risk > 0 ? [`${risk} at risk`] : []),
    ...(note > 0 ? [counted(note, 'note')] : []),
  ].join(', ')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
