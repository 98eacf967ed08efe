import { execFile } from 'node:child_process'
import { inject } from 'vitest'

/** How the command ended. */
export interface CommandEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What the doctor found. */
export interface Consultation {
  readonly code: number
  /** By the names of checks. */
  readonly findings: Readonly<Record<string, readonly DoctorFinding[]>>
}

/** A finding as `--json` prints it. */
export interface DoctorFinding {
  readonly severity: string
  readonly is: string
  readonly fix: string
}

/** Runs the built command to its end, with no variables but those given. */
export function runPigeonhole(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandEnd> {
  const env = { PATH: process.env['PATH'], ...environment }
  return new Promise((resolve) => {
    execFile(process.execPath, [inject('pigeonhole'), ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** Runs `pigeonhole doctor`. */
export async function consult(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Consultation> {
  const { code, stdout, stderr } = await runPigeonhole(['doctor', '--json', ...args], environment)
  if (stdout === '') throw new Error(stderr)
  const { sides } = JSON.parse(stdout) as {
    sides: { examinations: { check: string; findings: DoctorFinding[] }[] }[]
  }
  const found = sides
    .flatMap(({ examinations }) => examinations)
    .filter(({ findings }) => findings.length > 0)
  return { code, findings: Object.fromEntries(found.map(({ check, findings }) => [check, findings])) }
}
