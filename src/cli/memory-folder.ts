import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { cleanUpOnExit } from './clean-up.ts'

/** The types of Linux's in-memory file systems: tmpfs and ramfs. */
const memoryTypes = new Set([0x01021994, 0x858458f6])

/** The signals that a terminal sends to all processes in the foreground. */
const interrupts: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/** A private folder for a value. */
export interface PrivateFolder {
  path: string
  /** True if the folder is in memory, so that its content is not written to a disk, except by swapping. */
  isInMemory: boolean
  /** Removes the folder, unless {@link keep} was called. */
  remove: () => void
  /**
   * Runs a function, and ignores SIGINT and SIGQUIT until it has ended. The terminal also sends these signals to the program that
   * the function runs, such as an editor, which handles Ctrl-C itself.
   */
  ignoringInterrupts: <T>(run: () => Promise<T>) => Promise<T>
  /** Keeps the folder after the end of the process. */
  keep: () => void
}

/**
 * Creates a folder that only this user can enter. It is in memory if `$XDG_RUNTIME_DIR` or `/dev/shm` is. It is removed when the
 * process ends, even by a signal.
 */
export function privateFolder ({ XDG_RUNTIME_DIR = '' }: NodeJS.ProcessEnv): PrivateFolder {
  const inMemory = [...isAbsolute(XDG_RUNTIME_DIR) ? [XDG_RUNTIME_DIR] : [], '/dev/shm'].flatMap((folder) => {
    const path = isMemory(folder) ? createIn(folder) : undefined
    return path === undefined ? [] : [path]
  })
  const [path = mkdtempSync(join(tmpdir(), 'secretsctl-')), ...others] = inMemory
  for (const other of others) rmSync(other, { recursive: true, force: true })
  let isKept = false
  let ignoresInterrupts = false
  const remove = (): void => { rmSync(path, { recursive: true, force: true }) }
  const removeUnlessKept = (): void => { if (!isKept) remove() }
  const cancelCleanUp = cleanUpOnExit(removeUnlessKept, (signal) => ignoresInterrupts && interrupts.includes(signal))
  return {
    path,
    isInMemory: inMemory.length > 0,
    remove () {
      cancelCleanUp()
      removeUnlessKept()
    },
    async ignoringInterrupts (run) {
      ignoresInterrupts = true
      return run().finally(() => { ignoresInterrupts = false })
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
