import type { Terminal } from './context.js'

/** Asks `question` of whoever sits at the terminal. Resolves to whether the answer is a plain "yes". */
export async function confirm({ ask, warn }: Terminal, question: string): Promise<boolean> {
  if (ask) return (await ask(`${question} Only "yes" does: `)).trim() === 'yes'
  warn('This is no terminal, so that nobody can be asked: run it again with --yes to do what is shown.\n')
  return false
}
