/*
 * Is loaded first by every process of the complete test suite, and shortens its start. Each test file has a process of its own,
 * and some start more. This changes neither what the tests see nor what counts as covered.
 *
 * It is JavaScript, because TypeScript would load the compiler that this file makes superfluous.
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
