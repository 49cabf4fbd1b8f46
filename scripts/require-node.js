// This file is loaded before any TypeScript, because older versions of Node.js fail on the first .ts file with a confusing error.
const [major] = process.versions.node.split('.').map(Number)

if (major < 24) {
  process.stderr.write(`secrets-gateway needs Node.js 24 or later, but this is ${process.version}.
"npm ci" installs it, unless install scripts are disabled (--ignore-scripts, or ignore-scripts in .npmrc).
`)
  process.exit(78)
}
