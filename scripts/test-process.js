/*
 * Every process of the complete test suite loads this file first, to shorten its start, and so does every test of a mutant. Each
 * test file runs in a process of its own, and some start further processes. The file changes neither the behaviour of the tests
 * nor the coverage.
 *
 * It is written in JavaScript, because TypeScript would load the very compiler that this file avoids.
 */
import asyncHooks from 'node:async_hooks'
import { existsSync, readFileSync } from 'node:fs'
import { registerHooks, setSourceMapsSupport, syncBuiltinESMExports } from 'node:module'
import { setFlagsFromString } from 'node:v8'

const root = new URL('..', import.meta.url).href
/** The URL of the folder with the type-stripped source, which scripts/test.ts has written, or null if there is none. */
const stripped = new URL(import.meta.url).searchParams.get('stripped')

// V8 would spend more time optimizing Cedar's WebAssembly than each process spends using it. The gateway sets this flag, too.
setFlagsFromString('--wasm-tiering-budget=1000000000')

// tap follows all promises, in order to attribute uncaught errors to tests, which slows them down. Without it, such an error
// still fails the test file.
const { createHook } = asyncHooks
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false })
syncBuiltinESMExports()

// tap reads each module a second time to look for its source map. Dependencies don't need that, except for tap's own modules: the
// first of them to be loaded makes tap record the process.
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = String(/(^(node|tapmock):|[\\/](\.tap|tap-snapshots|node_modules(?![\\/]@tapjs[\\/]))[\\/])/)

/** tap makes Node.js parse the source maps of all dependencies, which takes long. The coverage needs none of them. */
const ignoreSourceMaps = () => { setSourceMapsSupport(true, { nodeModules: false }) }

ignoreSourceMaps()
registerHooks({
  load (url, context, nextLoad) {
    if (context.format !== 'module-typescript' || !url.startsWith(root)) return nextLoad(url, context)
    // At this point, tap has changed the setting again.
    ignoreSourceMaps()
    const file = stripped === null ? undefined : new URL(stripped + url.slice(root.length))
    return file !== undefined && existsSync(file) ? { format: 'module', source: readFileSync(file), shortCircuit: true } : nextLoad(url, context)
  }
})
