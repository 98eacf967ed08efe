/** Nobody has confirmed what a command was about to change. Nothing has changed. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed'
}
