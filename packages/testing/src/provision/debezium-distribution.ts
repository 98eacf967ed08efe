import { join } from 'node:path'
import { kafkaVersion, loggingDependency } from './kafka-distribution.js'
import { copyJars, type Distribution, findDistribution, unpackArchives } from './maven.js'
import { Absence } from './server-source.js'

const debeziumVersion = '3.6.1.Final'

// The plugin brings its own dependencies, as it is installed in production: beside those of the worker, not among them.
const connect: Distribution = {
  title: `Kafka Connect ${kafkaVersion} and Debezium ${debeziumVersion}`,
  folder: `kafka-connect-${kafkaVersion}-debezium-${debeziumVersion}`,
  size: '60 MB',
  dependencies: `
    <dependency><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId><version>${kafkaVersion}</version></dependency>
    ${loggingDependency}
    <dependency>
      <groupId>io.debezium</groupId>
      <artifactId>debezium-connector-postgres</artifactId>
      <version>${debeziumVersion}</version>
      <classifier>plugin</classifier>
      <type>tar.gz</type>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>`,
  runs: (directory) => [copyJars(join(directory, 'lib')), unpackArchives(join(directory, 'plugins'))],
}

/** Where Kafka Connect and the plugin of Debezium's PostgreSQL connector lie. */
export interface ConnectDistribution {
  /** Both, with versions. */
  readonly title: string
  /** The folder with the worker's jars. */
  readonly jars: string
  /** A folder for `plugin.path`. */
  readonly plugins: string
}

/** Kafka Connect with Debezium's PostgreSQL connector, fetched by Maven the first time; or why it cannot be had. */
export async function findConnect(log: (line: string) => void): Promise<ConnectDistribution | Absence> {
  const home = await findDistribution(connect, log)
  if (home instanceof Absence) return home
  return { title: connect.title, jars: join(home, 'lib'), plugins: join(home, 'plugins') }
}
