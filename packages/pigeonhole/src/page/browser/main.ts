import { prepareDialog } from './decide.js'
import { letScroll, showText } from './elements.js'
import type { PageState } from './page-state.js'
import { render, showVerdict } from './render.js'
import { moment } from './words.js'

const pollMs = 1_000
const answerMs = 10_000

let answered: number | undefined

async function poll(): Promise<void> {
  if (!document.hidden) await refresh()
  setTimeout(poll, pollMs)
}

async function refresh(): Promise<void> {
  const state = await readState().catch(() => undefined)
  if (state) {
    answered = Date.now()
    render(state)
  } else {
    showVerdict({ text: 'This worker does not answer: what follows is old.', isTrouble: true })
    if (answered !== undefined) showText('freshness', `As it was at ${moment(answered)}`)
  }
}

async function readState(): Promise<PageState> {
  const answer = await fetch('api/state', { cache: 'no-store', signal: AbortSignal.timeout(answerMs) })
  if (!answer.ok) throw new Error(`The worker answers ${answer.status}`)
  return (await answer.json()) as PageState
}

addEventListener('resize', letScroll)
prepareDialog()
void poll()
