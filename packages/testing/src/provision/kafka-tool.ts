import { join } from 'node:path'
import { findJava } from './java.js'
import { findKafkaJars, kafkaVersion } from './kafka-distribution.js'
import { copyJars, type Distribution, findDistribution } from './maven.js'
import { provisioningFailed } from './provisioning-failed.js'
import { Absence } from './server-source.js'

// All that they need besides is among the jars of the broker.
const tools: Distribution = {
  title: `the tools of Kafka ${kafkaVersion}`,
  folder: `kafka-tools-${kafkaVersion}`,
  size: '1 MB',
  dependencies: `
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>${kafkaVersion}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>`,
  runs: (directory) => [copyJars(join(directory, 'lib'))],
}

/**
 * The words of a command that runs one of Kafka's own tools, fetched by Maven the first time, as the scripts of its `bin` do.
 * @param mainClass The tool, such as `org.apache.kafka.tools.DeleteRecordsCommand`.
 * @throws PROVISIONING_FAILED naming what is missing, and the command that installs it.
 */
export async function kafkaTool(
  mainClass: string,
  log: (line: string) => void,
): Promise<readonly [string, ...string[]]> {
  const java = there(await findJava())
  const jars = there(await findKafkaJars(log))
  const home = there(await findDistribution(tools, log))
  return [java, '-XX:TieredStopAtLevel=1', '-cp', `${join(jars, '*')}:${join(home, 'lib', '*')}`, mainClass]
}

function there(found: string | Absence): string {
  if (found instanceof Absence) throw provisioningFailed('Kafka', found.reason)
  return found
}
