/** A command has looked and found something that is not as it should be, and has printed what. */
export class FaultFound extends Error {
  override readonly name = 'FaultFound'
}
