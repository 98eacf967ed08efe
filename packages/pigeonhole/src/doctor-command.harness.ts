import { runCommand } from './command-process.harness.js'
import type { Examination } from './doctor/check.js'
import type { Finding } from './doctor/finding.js'

/** What the doctor said, as `--json` prints it. */
export interface Consultation {
  readonly code: number | null
  /** By the names of checks. */
  readonly findings: Readonly<Record<string, readonly Finding[]>>
  readonly examinations: ReadonlyMap<string, Examination>
  readonly created: readonly string[]
}

interface Printed {
  readonly sides: readonly { readonly examinations: readonly Examination[] }[]
  readonly created: readonly string[]
}

/** Runs `pigeonhole doctor --json`. */
export async function consult(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Consultation> {
  const { code, stdout, stderr } = await runCommand(['doctor', '--json', ...args], environment)
  if (stdout === '') throw new Error(stderr)
  const { sides, created } = JSON.parse(stdout) as Printed
  const examinations = sides.flatMap((side) => side.examinations)
  const found = examinations.filter(({ findings }) => findings.length > 0)
  return {
    code,
    findings: Object.fromEntries(found.map(({ check, findings }) => [check, findings])),
    examinations: new Map(examinations.map((it) => [it.check, it])),
    created,
  }
}

/** The SQL of fixes. */
export function sqlOf(findings: readonly Finding[] = []): string {
  return findings.map(({ fix }) => fix).join('\n')
}
