// @ts-check
// Publishes the packages in the versions that `npm run version-packages` has given them.
//   npm run release                dry: shows what would be published, and what stands against it
//   npm run release -- --publish   publishes, and tags the commit
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What stands against publishing this checkout, a sentence each.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
function obstacles(root, env) {
  const pending = readdirSync(path.join(root, '.changeset')).filter((file) => file.endsWith('.md'))
  const { stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
  // What npm signs a provenance with: GitHub Actions or GitLab CI, which vouch for the run.
  const isVouchedFor = env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? env['SIGSTORE_ID_TOKEN']
  return [
    pending.length > 0 && `${pending.length} changesets have no version yet: npm run version-packages`,
    stdout !== '' && 'The checkout has changes that are not committed: commit them.',
    !isVouchedFor &&
      'No provenance can be signed here: publish in GitHub Actions with the permission id-token: write, or in GitLab CI with SIGSTORE_ID_TOKEN.',
  ].filter((sentence) => sentence !== false)
}

/**
 * @param {string} root
 * @param {readonly string[]} command
 */
function run(root, [program = '', ...args]) {
  return spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status ?? 1
}

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const found = obstacles(root, process.env)
for (const sentence of found) console.error(sentence)
if (!process.argv.includes('--publish')) {
  const folders = readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}`)
  process.exitCode = run(root, [
    'npm',
    'publish',
    '--dry-run',
    ...folders.flatMap((folder) => ['--workspace', folder]),
  ])
  console.error('Nothing was published. npm run release -- --publish does.')
} else if (found.length > 0) process.exitCode = 1
else process.exitCode = run(root, ['npx', 'changeset', 'publish'])
