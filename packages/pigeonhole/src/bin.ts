#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { main } from './command/main.js'

// Whoever reads no more, as `head` once it has its lines, wants no more: the command does what it was asked, and ends with its own code.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

process.exitCode = await main(process.argv.slice(2), process.env, {
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
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
