// This file is loaded before any TypeScript, because older versions of Node.js fail on the first .ts file with a confusing error.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major] = process.versions.node.split('.').map(Number)

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Returns the next step for the user. An installed package has no source files, so "npm ci" would not help its user. */
function nextStep () {
  if (!existsSync(pathOf('src/server.ts'))) return 'Install a newer one from https://nodejs.org, or with a version manager: nvm install 24'
  const programs = pathOf('node_modules/.bin')
  return existsSync(`${programs}/node`)
    ? `"npm ci" has installed one, which npm and npx use in ${pathOf('.')}. To use it elsewhere: export PATH="${programs}:$PATH"`
    : '"npm ci" installs it, unless install scripts are disabled (--ignore-scripts, or ignore-scripts in .npmrc).'
}

if (major < 24) {
  const program = existsSync(pathOf('src/server.ts')) ? 'secrets-gateway' : 'secretsctl'
  process.stderr.write(`${program} needs Node.js 24 or later, but this is ${process.version}.\n${nextStep()}\n`)
  process.exit(78)
}
