import type { Trouble } from './page-state.js'

/** The worker answers, and does not do it. */
export class Refused extends Error {}

/** Asks the worker to do something. The token goes with this request alone: no cookie holds it, no other site can send it. */
export async function ask<T>(action: string, body: object, token: string): Promise<T> {
  const answer = await fetch(`api/parked/${action}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (answer.ok) return (await answer.json()) as T
  if (answer.status === 400 || answer.status === 401)
    throw new Refused('The token is not that of this worker.')
  const { code, message, remedy } = (await answer.json().catch(() => ({}))) as Partial<Trouble>
  throw new Refused(code ? `${code}: ${message} ${remedy}` : `The worker answers ${answer.status}.`)
}
