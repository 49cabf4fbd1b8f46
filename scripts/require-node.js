// This file is loaded before any TypeScript, because older versions of Node.js fail on the first .ts file with a confusing error.
import { existsSync } from 'node:fs'

const [major] = process.versions.node.split('.').map(Number)

// An installed package has no source files, and "npm ci" would not help its user.
const isCheckout = existsSync(new URL('../src/server.ts', import.meta.url))

if (major < 24) {
  process.stderr.write(isCheckout
    ? `secrets-gateway needs Node.js 24 or later, but this is ${process.version}.
"npm ci" installs it, unless install scripts are disabled (--ignore-scripts, or ignore-scripts in .npmrc).
`
    : `secretsctl needs Node.js 24 or later, but this is ${process.version}.
Install a newer one from https://nodejs.org, or with a version manager: nvm install 24
`)
  process.exit(78)
}
