/*
 * Every process of the complete test suite loads this file first, to shorten its start. Each test file runs in a process of its
 * own, and some start further processes. The file changes neither the behaviour of the tests nor the coverage.
 *
 * It is written in JavaScript, because TypeScript would load the very compiler that this file avoids.
 */
import { existsSync, readFileSync } from 'node:fs'
import { registerHooks, setSourceMapsSupport } from 'node:module'

const root = new URL('..', import.meta.url).href
/** The URL of the folder in which scripts/test.ts has put the source without its types. */
const stripped = new URL(import.meta.url).searchParams.get('stripped')

registerHooks({
  load (url, context, nextLoad) {
    if (context.format !== 'module-typescript' || !url.startsWith(root)) return nextLoad(url, context)
    // tap makes Node.js parse the source maps of all dependencies, which takes long. The coverage needs none of them.
    setSourceMapsSupport(true, { nodeModules: false })
    const file = new URL(stripped + url.slice(root.length))
    return existsSync(file) ? { format: 'module', source: readFileSync(file), shortCircuit: true } : nextLoad(url, context)
  }
})
