/** A command has looked and found what may go wrong one day, nothing worse, and has printed what. */
export class RiskFound extends Error {
  override readonly name = 'RiskFound'
}
