#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { endBySignal } from './command/end-by-signal.js'

// Whoever reads no more, as `head` once it has its lines, wants no more: the command does what it was asked, and ends with its own code.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

const warn = (text: string): void => void process.stderr.write(text)
const begun = endBySignal({ account: () => ({ now: 'nothing was done.' }), warn })
// Loaded last: it takes a while, in which a signal is answered already.
const { main } = await import('./command/main.js')

process.exitCode = await main(process.argv.slice(2), process.env, {
  print: (text) => void process.stdout.write(text),
  warn,
  begun,
  ...(process.stdin.isTTY && { ask }),
})

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // End of input is no answer.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  const answer = await Promise.race([terminal.question(question), ended])
  terminal.close()
  return answer
}
