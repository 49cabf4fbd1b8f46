import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Arguments of env(1) for a process whose coverage is not needed, because other tests cover the same lines or because it will be
 * killed. The process starts faster: without the test runner's hooks, which every child process would inherit, and with Node's
 * compile cache, which would make V8's counts less precise.
 */
export const uncounted = ['-u', 'NODE_OPTIONS', '-u', 'NODE_DISABLE_COMPILE_CACHE', `NODE_COMPILE_CACHE=${join(tmpdir(), 'node-compile-cache')}`]

/** Arguments of env(1) that start Node.js in such a process. */
export const uncountedNode = [...uncounted, process.execPath]
