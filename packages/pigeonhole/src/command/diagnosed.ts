/** The doctor has found something, and said so. It is how the command ends, and no error. */
export class Diagnosed extends Error {
  override readonly name = 'Diagnosed'
  readonly exitCode: number

  constructor(exitCode: number) {
    super('The doctor has found something')
    this.exitCode = exitCode
  }
}
