// The usual changelog, without the list of our own packages that went up: all go up together (docs/decisions/024-one-version.md).
const { default: usual } = require('@changesets/cli/changelog')

module.exports = {
  getReleaseLine: usual.getReleaseLine,
  getDependencyReleaseLine: async () => '',
}
