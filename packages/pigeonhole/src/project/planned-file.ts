/** A file that is to be written, or is there as it should be. */
export interface PlannedFile {
  readonly path: string
  readonly text: string
  readonly state: 'new' | 'present' | 'changed'
}
