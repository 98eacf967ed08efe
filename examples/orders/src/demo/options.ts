import { parseArgs } from 'node:util'

/** How the demo is called. */
export interface DemoOptions {
  readonly seed: number
  readonly keep: boolean
  /** Orders that each order service commits at least, in each run. */
  readonly orders: number
}

/** What `--help` and a mistake show. */
export const usage = `npm run demo -- [options]

  --seed N     the kill moments and everything random follow from it (default 1)
  --orders N   orders that each of the two order services commits, in each run (default 120)
  --keep       leave servers and services running, and say how to look at them`

/** @throws Error that names the mistake. */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      orders: { type: 'string', default: '120' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    seed: wholeNumber('seed', values.seed, 0),
    keep: values.keep,
    orders: wholeNumber('orders', values.orders, 1),
  }
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number
  throw new Error(`Option --${option} is ${JSON.stringify(text)}: it takes a whole number from ${least}`)
}
