import { describe, expect, it } from 'vitest'
import { pageApp } from './page-app.js'
import type { ParkedActions } from './parked-actions.js'

const token = 'a-token-of-the-worker'
const url = 'http://127.0.0.1:9090/api/parked'
const mine = { authorization: `Bearer ${token}`, 'content-type': 'application/json', host: '127.0.0.1:9090' }

function open() {
  const done: string[] = []
  const actions: ParkedActions = {
    readLot: async () => ({ messages: [] }),
    readPayload: async () => 'private',
    retry: async ({ inbox, id }) => {
      done.push(`retry ${inbox} ${id}`)
      return 'retried'
    },
    discard: async (inbox, ids) => {
      done.push(`discard ${inbox} ${ids.join()}`)
      return 'discarded'
    },
  }
  const state = () => {
    throw new Error('not asked')
  }
  const app = pageApp({ host: '127.0.0.1', state, decisions: { actions, token } })
  const post = (action: string, body: unknown, headers: Readonly<Record<string, string>> = mine, at = url) =>
    app.request(`${at}/${action}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { done, post, app }
}

describe('the actions of a page', () => {
  it('are done by who has the token', async () => {
    const { done, post } = open()
    expect(await (await post('retry', { inbox: null, id: '7' })).json()).toEqual({ done: 'retried' })
    const own = { ...mine, origin: 'http://127.0.0.1:9090', 'sec-fetch-site': 'same-origin' }
    expect((await post('discard', { inbox: 'billing', ids: ['7', '8'] }, own)).status).toBe(200)
    expect(done).toEqual(['retry null 7', 'discard billing 7,8'])
  })

  const { authorization: _, ...nobody } = mine
  it.each([
    ['without a token', nobody, 401],
    ['with another token', { ...mine, authorization: `Bearer ${token}x` }, 401],
    ['with the token as a cookie', { ...nobody, cookie: `token=${token}` }, 401],
    ['from the page of another site', { ...mine, origin: 'http://evil.example' }, 403],
    ['from a page without an origin', { ...mine, origin: 'null' }, 403],
    ['from what the browser calls another site', { ...mine, 'sec-fetch-site': 'cross-site' }, 403],
    ['from another port of this machine', { ...mine, 'sec-fetch-site': 'same-site' }, 403],
    ['as a form sends it', { ...mine, 'content-type': 'text/plain' }, 415],
  ])('are refused %s', async (_name, headers, status) => {
    const { done, post } = open()
    for (const action of ['lot', 'payload', 'retry', 'discard'])
      expect((await post(action, { inbox: null, id: '7', ids: ['7'] }, headers)).status).toBe(status)
    expect(done).toEqual([])
  })

  it('are refused to who asks this machine by a name of another machine', async () => {
    const { done, post } = open()
    const asked = await post(
      'retry',
      { inbox: null, id: '7' },
      mine,
      url.replace('127.0.0.1', 'evil.example'),
    )
    expect(asked.status).toBe(403)
    expect(done).toEqual([])
  })

  it.each([
    ['retry', {}],
    ['retry', { inbox: null, id: '7 OR true' }],
    ['retry', { inbox: '', id: '7' }],
    ['discard', { inbox: null, ids: [] }],
    ['discard', { inbox: null }],
    ['discard', { inbox: null, ids: ['7', 8] }],
    ['discard', null],
  ])('are not done of what is not said exactly: %s %j', async (action, body) => {
    const { done, post } = open()
    expect((await post(action, body)).status).toBe(400)
    expect(done).toEqual([])
  })

  it('are none by GET', async () => {
    const { app } = open()
    expect((await app.request(`${url}/retry`, { headers: mine })).status).toBe(404)
  })

  it('are none where the worker has no token', async () => {
    const app = pageApp({ host: '127.0.0.1', state: () => Promise.reject() as never })
    expect((await app.request(`${url}/retry`, { method: 'POST', headers: mine })).status).toBe(404)
  })
})
