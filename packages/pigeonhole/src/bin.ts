#!/usr/bin/env node
import { main } from './command/main.js'

process.exitCode = await main(process.argv.slice(2), process.env, {
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
})
