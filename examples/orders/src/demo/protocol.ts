import type { Plan } from './plan.js'

/** A named point between two steps of a process, where it can be killed or paused. */
export type Moment =
  | 'order committed'
  | 'about to send'
  | 'in Kafka'
  | 'about to handle'
  | 'handled'
  | 'answered'

/** The point at which a process is to stand still until it is killed, or told to go on. */
export interface Hold {
  readonly moment: Moment
  /** The how manieth time, from 1, since the process was started or told to go on. */
  readonly count: number
}

/** What a process is about at a moment. */
export interface Subject {
  /** How many messages are sent. */
  readonly messages?: number
  /** The place in Kafka of the message that is handled. */
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  /** How its handling ended. */
  readonly outcome?: 'handled' | 'duplicate' | 'parked'
}

/** What a process tells the conductor, as it happens. */
export type Report =
  | { readonly says: 'ready' }
  | { readonly says: 'moment'; readonly moment: Moment; readonly subject: Subject }
  | { readonly says: 'held'; readonly moment: Moment; readonly subject: Subject }
  | { readonly says: 'rolled back' }
  | { readonly says: 'delivered twice' }
  | { readonly says: 'sent twice' }
  | { readonly says: 'acknowledgement lost' }
  | { readonly says: 'answer lost' }
  | { readonly says: 'clicked twice' }
  /** What it was about to handle, or to send, was rejected. */
  | { readonly says: 'given up'; readonly subject: Subject }
  | { readonly says: 'done' }

/** What the conductor tells a process. */
export type Command =
  | { readonly do: 'go on' }
  /** Begin nothing new; answered with `done`. */
  | { readonly do: 'finish' }
  | { readonly do: 'stop' }

/** What a process is started with, as JSON in the environment variable `DEMO_PART`. */
export interface Part {
  readonly name: string
  readonly plan: Plan
  /** 1 for the first start, one more each time that it is started again. */
  readonly life: number
  readonly hold?: Hold
}
