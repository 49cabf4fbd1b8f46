// Loaded before TypeScript is: on an older Node.js the first .ts file would fail without saying why.
const [major] = process.versions.node.split('.').map(Number)

if (major < 24) {
  process.stderr.write(`secrets-gateway needs Node.js 24 or newer, and this is ${process.version}.
"npm ci" brings one, unless install scripts are switched off (--ignore-scripts, or ignore-scripts in .npmrc).
`)
  process.exit(78)
}
