import { readFile } from 'node:fs/promises'

/** The last lines of a log file, for an error message. */
export async function logTail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '(no log)')
  return text.trimEnd().split('\n').slice(-15).join('\n')
}
