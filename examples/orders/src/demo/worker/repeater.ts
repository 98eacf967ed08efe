import type { Player } from './part.js'

/** Says of each delivery whether it is to come twice. */
export function repeater(player: Player): () => boolean {
  let deliveries = 0
  return () => {
    deliveries += 1
    const twice = deliveries % player.part.plan.deliverTwiceEvery === 0
    if (twice) player.report({ says: 'delivered twice' })
    return twice
  }
}
