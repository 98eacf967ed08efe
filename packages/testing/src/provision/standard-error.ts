/** Writes a line about test servers where it does not mix with a program's output. */
export function logToStandardError(line: string): void {
  process.stderr.write(`[pigeonhole] ${line}\n`)
}
