import { join } from 'node:path'
import { copyJars, type Distribution, findDistribution } from './maven.js'
import { Absence } from './server-source.js'

/** The version of Kafka that tests start. */
export const kafkaVersion = '4.3.1'

/** A binding of slf4j that writes to standard error, so that a server's log has what it says. */
export const loggingDependency =
  '<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>'

const kafka: Distribution = {
  title: `Kafka ${kafkaVersion}`,
  folder: `kafka-${kafkaVersion}`,
  size: '45 MB',
  dependencies: `
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    ${loggingDependency}`,
  runs: (directory) => [copyJars(join(directory, 'lib'))],
}

/** The folder with the jars of Kafka, fetched by Maven the first time; or why they cannot be had. */
export async function findKafkaJars(log: (line: string) => void): Promise<string | Absence> {
  const home = await findDistribution(kafka, log)
  return home instanceof Absence ? home : join(home, 'lib')
}
