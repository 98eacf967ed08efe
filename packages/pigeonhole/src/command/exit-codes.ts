/** How the command ends. A worker that a second signal ends has 128 and the signal's number. */
export const exitCodes: {
  readonly ok: 0
  readonly failure: 1
  readonly usage: 2
  readonly notConfirmed: 3
  readonly found: 4
  readonly atRisk: 5
} = {
  /** It did what it was asked; a worker was told to stop, and did. */
  ok: 0,
  /** It could not. The error is on stderr. */
  failure: 1,
  /** It was asked in a way that it does not understand. */
  usage: 2,
  /** Nobody has confirmed what it was about to change. Nothing has changed. */
  notConfirmed: 3,
  /** It looked, and found something that is not as it should be. What that is, is on stdout. */
  found: 4,
  /** It looked, and found nothing worse than what may go wrong one day. What that is, is on stdout. */
  atRisk: 5,
}
