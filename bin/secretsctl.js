#!/usr/bin/env node
import '../scripts/require-node.js'
import { existsSync } from 'node:fs'

// A checkout runs the source as it is. Node.js reads no TypeScript inside node_modules: an installed package has what was built.
const source = new URL('../src/cli/secretsctl.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/src/cli/secretsctl.js', import.meta.url).href)
