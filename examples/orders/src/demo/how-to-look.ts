import type { Run } from './run.js'
import { titles } from './run.js'
import type { Servers } from './stage.js'

/** What `--keep` says: where everything is, and how to end it. */
export function howToLook(runs: readonly Run[], { brokers }: Servers): string {
  const lines = runs.flatMap(({ style, stage }) => [
    `  ${titles[style]}`,
    `    orders    psql '${stage.orders.url}'`,
    `    billing   psql '${stage.billing.url}'`,
    `    shop      psql '${stage.shop.url}'`,
    `    topics    ${['orders', 'refunds', 'invoices'].map((topic) => stage.prefix + topic).join(' ')}`,
  ])
  const heading = "Everything is left as it is, and Pigeonhole's relays and billing are still running."
  return ['', heading, ...lines, `  Kafka       ${brokers.join(',')}`, '', 'Ctrl-C ends all of it.'].join(
    '\n',
  )
}
