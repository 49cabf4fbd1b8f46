import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NoKeyring, type Keyring } from '#src/cli/keyring/keyring'

const missing = async (): Promise<never> => { throw new NoKeyring('none in the tests') }

/** The keyring of a machine that has none. */
export const noKeyring: Keyring = { read: missing, write: missing, remove: missing }

/** Matches the output of a command without an error. On a busy machine, it may include the notice that the keyring is slow. */
export const nothingButWaiting = /^(?:Waiting for your keyring, which may ask for its password in a window\n)?$/

/** A keyring in memory. */
export interface MemoryKeyring extends Keyring {
  entries: Map<string, string>
  /** If set, every call fails with this error. */
  failure: Error | undefined
  /** The calls so far. */
  calls: string[]
}

export function memoryKeyring (): MemoryKeyring {
  const entries = new Map<string, string>()
  const called = (call: string): void => {
    keyring.calls.push(call)
    if (keyring.failure !== undefined) throw keyring.failure
  }
  const keyring: MemoryKeyring = {
    entries,
    failure: undefined,
    calls: [],
    async read (entry) {
      called('read')
      return entries.get(entry)
    },
    async write (entry, secret) {
      called('write')
      entries.set(entry, secret)
    },
    async remove (entry) {
      called('remove')
      entries.delete(entry)
    }
  }
  return keyring
}

/**
 * Returns an environment variable that replaces the library of the operating system's keyring. The methods of its entries can use
 * `fs`.
 */
export function keyringLibrary (folder: string, methods: string): NodeJS.ProcessEnv {
  const file = join(folder, 'keyring-library.cjs')
  writeFileSync(file, `const fs = require('node:fs')\nmodule.exports = { Entry: class { ${methods} } }`)
  return { NAPI_RS_NATIVE_LIBRARY_PATH: file }
}

/** A keyring that asks for its password, and waits. It writes a dot into the file `asked` for each call. */
export function hangingKeyring (folder: string): { env: NodeJS.ProcessEnv, asked: string } {
  const asked = join(folder, 'asked')
  writeFileSync(asked, '')
  const method = `getPassword () { fs.appendFileSync('${asked}', '.'); for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }`
  return { env: keyringLibrary(folder, method), asked }
}
