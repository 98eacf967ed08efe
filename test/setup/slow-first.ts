import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Small files that take minutes. */
const slow = /\/chaos\/|\.trouble\.spec/

/**
 * Vitest begins with the longest specs of an earlier run, or else with the largest files. Small ones that take minutes would be
 * waited for at the end.
 */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [true, false].flatMap((first) => sorted.filter(({ moduleId }) => slow.test(moduleId) === first))
  }
}
