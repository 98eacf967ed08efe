import { ask, Refused } from './ask.js'
import { byId, element, type PressCell, showText } from './elements.js'
import type { FoundParked } from './page-state.js'
import type { LotMessage, ParkedLot, ParkedRef } from './parked-lot.js'
import { count } from './words.js'

const dialog = byId('decide') as HTMLDialogElement
const tokenField = byId('token') as HTMLInputElement
const retry = byId('decide-retry') as HTMLButtonElement
const discard = byId('decide-discard') as HTMLButtonElement

/** What the dialog is about. */
let about: { readonly ref: ParkedRef; readonly ids: readonly string[] } | undefined

/** The cell that opens the dialog on what is parked. */
export function decideCell({ ref, topic, key }: FoundParked): PressCell | string {
  if (!ref) return '-'
  const press = () => {
    about = undefined
    showMessages(ref, [])
    showText(
      'decide-what',
      `${ref.inbox === null ? 'Outbox' : `Inbox ${ref.inbox}`}, topic ${topic}, key ${key}`,
    )
    showText('decide-said', '')
    dialog.showModal()
    if (tokenField.value !== '') void open(ref)
    byId('decide-show').onclick = () => void open(ref)
  }
  return { press, text: 'Decide', label: `Decide on ${key} of ${topic}`, ref }
}

/** Has the dialog do what its buttons say. */
export function prepareDialog(): void {
  tokenField.onkeydown = ({ key }) => {
    if (key === 'Enter') byId('decide-show').click()
  }
  byId('decide-close').onclick = () => dialog.close()
  retry.onclick = () => void act('retry', about?.ref)
  discard.onclick = () => void act('discard', about && { inbox: about.ref.inbox, ids: about.ids })
}

async function open(ref: ParkedRef): Promise<void> {
  await saying(async () => {
    const { lot } = await ask<{ readonly lot: ParkedLot | null }>('lot', ref, tokenField.value)
    showMessages(ref, lot?.messages ?? [])
    return lot ? '' : 'Nothing is left of it.'
  })
}

function showMessages(ref: ParkedRef, messages: readonly LotMessage[]): void {
  about = messages.length > 0 ? { ref, ids: messages.map(({ id }) => id) } : undefined
  retry.disabled = discard.disabled = about === undefined
  const many = count(messages.length, 'message', 'messages')
  retry.textContent = about ? `Retry ${many}` : 'Retry'
  discard.textContent = about ? `Discard ${many} for good` : 'Discard'
  byId('decide-messages').replaceChildren(...messages.map((message) => itemOf(ref, message)))
}

function itemOf({ inbox }: ParkedRef, { id, messageId, bytes, why }: LotMessage): HTMLElement {
  const item = element('li', `${messageId}, ${count(bytes, 'byte', 'bytes')}. ${why} `)
  const show = element('button', 'Show payload') as HTMLButtonElement
  show.type = 'button'
  show.onclick = () =>
    void saying(async () => {
      const asked = await ask<{ readonly payload: string | null }>('payload', { inbox, id }, tokenField.value)
      show.replaceWith(element('pre', asked.payload ?? 'It is not parked any more.'))
      return ''
    })
  item.append(show)
  return item
}

async function act(action: 'retry' | 'discard', body: object | undefined): Promise<void> {
  if (!body) return
  await saying(async () => {
    const { done } = await ask<{ readonly done: string }>(action, body, tokenField.value)
    if (about) showMessages(about.ref, [])
    return done
  })
}

async function saying(work: () => Promise<string>): Promise<void> {
  try {
    showText('decide-said', await work())
  } catch (error) {
    showText('decide-said', error instanceof Refused ? error.message : 'This worker does not answer.')
  }
}
