import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Vitest begins with the longest specs of an earlier run, or else with the largest files. The chaos specs are small, take longer than
 * any other, and would be waited for at the end.
 */
export class ChaosFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isChaos = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/chaos/')
    const sorted = await super.sort(files)
    return [...sorted.filter(isChaos), ...sorted.filter((file) => !isChaos(file))]
  }
}
