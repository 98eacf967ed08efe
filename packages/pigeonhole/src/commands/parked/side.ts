import type {
  DiscardedInboxParking,
  DiscardedParking,
  InboxParkedMessage,
  InboxParkingStore,
  ParkedGroup,
  ParkedSelection,
  ParkingStore,
} from '@pigeonhole/core'
import { countOf } from '../../command/count-of.js'
import { sayBehind, waitingOf } from './behind.js'

/** A parked message of either side, as a list has it. */
export interface ListedMessage extends Omit<InboxParkedMessage, 'partition' | 'offset' | 'createdAt'> {
  readonly partition: number | null
}

/** A parked message of either side, with all of it. */
export interface ListedMessageContent extends ListedMessage {
  readonly headers: readonly (readonly [name: string, value: unknown])[]
  readonly payload: Uint8Array | null
}

/** What was done, and how it is said. */
export interface Done {
  readonly outcome: object
  readonly text: string
}

/** One side of the parking, the outbox or an inbox, as the commands see it. */
export interface ParkedSide {
  readonly listGroups: () => Promise<readonly ParkedGroup[]>
  readonly listMessages: (selection: ParkedSelection, limit: number) => Promise<readonly ListedMessage[]>
  readonly readMessage: (id: string) => Promise<ListedMessageContent | null>
  readonly retry: (selection: ParkedSelection) => Promise<Done>
  readonly discard: (selection: ParkedSelection) => Promise<Done>
  /** What is said where nothing is there to discard. */
  readonly nothingDiscarded: Done
  /** What becomes of what is discarded. */
  readonly fate: string
  /** What becomes of what is retried. */
  readonly done: string
}

/** What a relay could not send. */
export function outboxSide(store: ParkingStore): ParkedSide {
  return {
    listGroups: () => store.listParking(),
    listMessages: (selection, limit) => store.listParkedMessages(selection, limit),
    readMessage: (id) => store.readParkedMessage(id),
    async retry(selection) {
      const outcome = await store.retryParked(selection)
      const { keys, messages, topics } = outcome
      if (keys + messages + topics === 0) return { outcome, text: nothing('is sent again') }
      const what = `${retried(outcome)}, ${countOf(topics, 'topic')}`
      return { outcome, text: `Sent again: ${what}. The relay does it next.\n` }
    },
    async discard(selection) {
      const outcome = await store.discardParked(selection)
      const { inFlight } = outcome
      const staying = inFlight > 0 ? ` ${inFlight} stay: a batch that holds them may be on its way.` : ''
      return discarded(outcome, { staying, inbox: null })
    },
    nothingDiscarded: discarded({ ...none, inFlight: 0 }, { inbox: null }),
    fate: 'which are never sent then',
    done: 'sent',
  }
}

/** What an inbox could not handle. */
export function inboxSide(store: InboxParkingStore, inbox: string): ParkedSide {
  return {
    listGroups: () => store.listInboxParking(inbox),
    listMessages: (selection, limit) => store.listInboxParkedMessages({ ...selection, inbox }, limit),
    readMessage: (id) => store.readInboxParkedMessage(inbox, id),
    async retry(selection) {
      const outcome = await store.retryInboxParked({ ...selection, inbox })
      const { keys, messages, busy } = outcome
      if (keys + messages + busy === 0) return { outcome, text: nothing('is handled again') }
      const left = busy > 0 ? ` Being handled at the moment: ${busy}.` : ''
      return {
        outcome,
        text: `Handled again: ${retried(outcome)}. A consumer of ${inbox} does it next.${left}\n`,
      }
    },
    async discard(selection) {
      const outcome = await store.discardInboxParked({ ...selection, inbox })
      const { busy } = outcome
      const staying = busy > 0 ? ` ${busy} stay: they, or others of their key, are being handled.` : ''
      return discarded(outcome, { staying, inbox })
    },
    nothingDiscarded: discarded({ ...none, busy: 0 }, { inbox }),
    fate: 'which are never handled then',
    done: 'handled',
  }
}

function retried({ keys, messages }: { readonly keys: number; readonly messages: number }): string {
  return `${countOf(keys, 'key')}, ${countOf(messages, 'message')} without a key`
}

function nothing(done: string): string {
  return `Nothing is parked that matches: nothing ${done}.\n`
}

const none = { messages: 0, unblocked: 0, behind: [] }

function discarded(
  outcome: DiscardedParking | DiscardedInboxParking,
  { staying = '', inbox }: { readonly staying?: string; readonly inbox: string | null },
): Done {
  const { messages, unblocked, behind } = outcome
  const told = { ...outcome, waiting: waitingOf(behind) }
  if (messages + unblocked === 0 && staying === '') return { outcome: told, text: nothing('was discarded') }
  const done = `Discarded ${countOf(messages, 'message')}, unblocked ${countOf(unblocked, 'key')}.${staying}\n`
  return { outcome: told, text: done + sayBehind(behind, { discarded: messages, inbox }) }
}
