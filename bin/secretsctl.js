#!/usr/bin/env node
import '../scripts/require-node.js'
import { existsSync } from 'node:fs'

// A checkout runs the TypeScript source directly. An installed package runs the build, because Node.js refuses to strip types
// from files inside node_modules.
const source = new URL('../src/cli/secretsctl.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/src/cli/secretsctl.js', import.meta.url).href)
