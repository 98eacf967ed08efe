import type { Report } from '../protocol.js'
import type { Player } from './part.js'

/** Says of each delivery whether it is to come twice. */
export function repeater(player: Player): () => boolean {
  return every(player, player.part.plan.deliverTwiceEvery, { says: 'delivered twice' })
}

/** Says of each send whether its acknowledgement is to be lost. */
export function ackLoser(player: Player): () => boolean {
  return every(player, player.part.plan.loseAckEvery, { says: 'acknowledgement lost' })
}

/** Says of each answer to a shop whether it is to be lost. */
export function answerLoser(player: Player): () => boolean {
  return every(player, player.part.plan.loseAnswerEvery, { says: 'answer lost' })
}

/** Says of each checkout whether its customer clicks twice. */
export function doubleClicker(player: Player): () => boolean {
  return every(player, player.part.plan.clickTwiceEvery, { says: 'clicked twice' })
}

function every(player: Player, period: number, report: Report): () => boolean {
  let count = 0
  return () => {
    count += 1
    const isDue = count % period === 0
    if (isDue) player.report(report)
    return isDue
  }
}
