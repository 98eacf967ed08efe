import type { Hold } from './protocol.js'
import { between, randomFrom } from './random.js'

/** Who a fault is meant for. A sender is what hands messages to Kafka: a relay, or an order service without an outbox. */
export type Role = 'shop 1' | 'orders 1' | 'orders 2' | 'sender 1' | 'sender 2' | 'billing 1' | 'billing 2'

/** What happens to a process at a moment of its life. */
export interface Fault {
  readonly kind: 'kill' | 'pause'
  readonly role: Role
  readonly at: Hold
  /** Why one would do that. */
  readonly point: string
}

/** What happens in a run, whatever the services do about it. */
export interface Plan {
  readonly seed: number
  /** In the order in which each process comes to its own. */
  readonly faults: readonly Fault[]
  /** Orders that each of the two order services commits at least. Orders go on until every fault has happened. */
  readonly ordersEach: number
  /** Milliseconds between two checkouts of one shop. */
  readonly orderPaceMs: number
  /** Every so manieth answer to a shop never leaves its order service, which has done everything. */
  readonly loseAnswerEvery: number
  /** Every so manieth checkout is asked for twice at once. */
  readonly clickTwiceEvery: number
  /** Every so manieth order asks for what is sold out: its transaction is rolled back. */
  readonly rollBackEvery: number
  /** Every so manieth delivery to billing comes twice. */
  readonly deliverTwiceEvery: number
  /** Milliseconds between two refunds of the payment provider. */
  readonly refundPaceMs: number
  /** Every so manieth refund is sent twice. */
  readonly sendTwiceEvery: number
  /** Every so manieth send is in Kafka and its acknowledgement is lost. */
  readonly loseAckEvery: number
  /** A paused sender is woken when the other one has put so many messages into Kafka. */
  readonly wakeSenderAfter: number
  /** And at the latest after so many milliseconds. */
  readonly longestPauseMs: number
}

/** The plan of `seed`. */
export function makePlan(seed: number, ordersEach: number): Plan {
  const random = randomFrom(seed, 'plan')
  const fault = (kind: Fault['kind'], role: Role, at: Hold, point: string): Fault => ({
    kind,
    role,
    at,
    point,
  })
  return {
    seed,
    ordersEach,
    faults: [
      fault(
        'kill',
        'orders 1',
        { moment: 'order committed', count: between(random, 30, 50) },
        'committed, not sent',
      ),
      fault(
        'kill',
        'orders 2',
        { moment: 'order committed', count: between(random, 50, 70) },
        'committed, not sent',
      ),
      fault(
        'kill',
        'shop 1',
        { moment: 'answered', count: between(random, 40, 55) },
        'answered, not written down',
      ),
      fault(
        'kill',
        'billing 1',
        { moment: 'handled', count: between(random, 20, 40) },
        'handled, offset not committed',
      ),
      fault(
        'pause',
        'billing 2',
        { moment: 'about to handle', count: between(random, 20, 40) },
        'a zombie consumer',
      ),
      fault(
        'kill',
        'sender 1',
        { moment: 'in Kafka', count: between(random, 12, 24) },
        'sent, and unaware of it',
      ),
      fault(
        'pause',
        'sender 2',
        { moment: 'about to send', count: between(random, 3, 8) },
        'a zombie sender',
      ),
    ],
    orderPaceMs: 25,
    loseAnswerEvery: between(random, 40, 50),
    clickTwiceEvery: between(random, 36, 44),
    rollBackEvery: between(random, 12, 18),
    deliverTwiceEvery: between(random, 18, 26),
    refundPaceMs: 120,
    sendTwiceEvery: between(random, 5, 8),
    loseAckEvery: between(random, 30, 40),
    wakeSenderAfter: 60,
    longestPauseMs: 10_000,
  }
}
