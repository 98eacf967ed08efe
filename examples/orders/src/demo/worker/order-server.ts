import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { required } from '../../settings.js'
import { answerLoser } from './now-and-then.js'
import type { Player } from './part.js'

/** Serves `POST /orders` until the process is told to stop. Now and then an answer never leaves, though all is done. */
export async function serveOrders(
  player: Player,
  answer: (request: Request) => Promise<Response>,
): Promise<void> {
  const isLost = answerLoser(player)
  const fetch = async (request: Request): Promise<Response> => {
    const response = await answer(request)
    return response.status === 201 && isLost() ? new Promise(() => undefined) : response
  }
  const server = serve({ fetch, port: Number(new URL(required('ORDERS_URL')).port), hostname: '127.0.0.1' })
  await once(server, 'listening')
  player.report({ says: 'ready' })
  await player.stopped
}
