import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { beforeEnd } from './before-end.ts'

/** The file systems of Linux that are in memory: tmpfs and ramfs. */
const memoryTypes = new Set([0x01021994, 0x858458f6])

/** The signals that a terminal sends to all its processes. */
const interrupts: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/** A private folder for a value. */
export interface PrivateFolder {
  path: string
  /** True if the folder is in memory, so that nothing in it gets to a disk, unless the system swaps to an unencrypted one. */
  isInMemory: boolean
  /** Removes the folder, unless {@link keep} was called. */
  remove: () => void
  /**
   * Runs something to which Ctrl-C belongs, such as an editor. The terminal sends SIGINT and SIGQUIT to all its processes, and
   * this one ignores them meanwhile.
   */
  leavingInterrupts: <T>(run: () => Promise<T>) => Promise<T>
  /** Keeps the folder after the end of the process. */
  keep: () => void
}

/**
 * Creates a folder that only this user can enter, in memory if the system has such a place: `$XDG_RUNTIME_DIR` or `/dev/shm`.
 * It is removed when the process ends, also by a signal.
 */
export function privateFolder ({ XDG_RUNTIME_DIR = '' }: NodeJS.ProcessEnv): PrivateFolder {
  const inMemory = [...isAbsolute(XDG_RUNTIME_DIR) ? [XDG_RUNTIME_DIR] : [], '/dev/shm'].flatMap((folder) => {
    const path = isMemory(folder) ? createIn(folder) : undefined
    return path === undefined ? [] : [path]
  })
  const [path = mkdtempSync(join(tmpdir(), 'secretsctl-')), ...others] = inMemory
  for (const other of others) rmSync(other, { recursive: true, force: true })
  let isKept = false
  let isLeft = false
  const remove = (): void => { rmSync(path, { recursive: true, force: true }) }
  const removeUnlessKept = (): void => { if (!isKept) remove() }
  const forget = beforeEnd(removeUnlessKept, (signal) => isLeft && interrupts.includes(signal))
  return {
    path,
    isInMemory: inMemory.length > 0,
    remove () {
      forget()
      removeUnlessKept()
    },
    async leavingInterrupts (run) {
      isLeft = true
      return run().finally(() => { isLeft = false })
    },
    keep () { isKept = true }
  }
}

function isMemory (folder: string): boolean {
  try {
    return memoryTypes.has(statfsSync(folder).type)
  /* c8 ignore next 3 -- only on a system without one of the folders */
  } catch {
    return false
  }
}

function createIn (folder: string): string | undefined {
  try {
    return mkdtempSync(join(folder, 'secretsctl-'))
  /* c8 ignore next 3 -- only if the folder is full, or the user may not write to it */
  } catch {
    return undefined
  }
}
