import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isJsonObject } from '#src/json/lossless'
import { errorCode } from '#src/problems/problem'
import { cleanUpOnExit } from '#src/cli/clean-up'
import { createPrivate, replacePrivate } from '#src/cli/private-file'
import { reasonOf } from '#src/cli/system-error'
import { CommandFailure } from '#src/cli/terminal'
import type { Profiles } from './profiles.ts'

/**
 * Returns the folder of the user's settings: `$XDG_CONFIG_HOME/secretsctl`, or `~/.config/secretsctl`. Returns undefined if
 * neither variable is set.
 */
export function configFolder ({ XDG_CONFIG_HOME = '', HOME = '' }: NodeJS.ProcessEnv): string | undefined {
  // The XDG specification says that relative paths must be ignored.
  if (isAbsolute(XDG_CONFIG_HOME)) return join(XDG_CONFIG_HOME, 'secretsctl')
  return isAbsolute(HOME) ? join(HOME, '.config', 'secretsctl') : undefined
}

const fileIn = (folder: string): string => join(folder, 'profiles.json')

export const profilesFile = (env: NodeJS.ProcessEnv): string => fileIn(configFolder(env) ?? '')

/**
 * Checks that only this user can read or change a file or a folder.
 *
 * @throws CommandFailure if other users can
 */
export function assertPrivate (path: string, mode: '600' | '700'): void {
  const { uid, mode: found } = statSync(path)
  if (uid !== (process.getuid?.() ?? uid)) throw new CommandFailure(`${path} belongs to another user, so it is not used`)
  if ((found & 0o077) !== 0) {
    throw new CommandFailure(`Other users can read or change ${path}, so it is not used`, `If its content is yours and was not seen by others: chmod ${mode} ${path}`)
  }
}

/**
 * Reads the profiles. If there is no file, there are no profiles.
 *
 * @throws CommandFailure if other users can read the file, or if it can't be read
 */
export function readProfiles (env: NodeJS.ProcessEnv): Profiles {
  const folder = configFolder(env)
  if (folder === undefined) return { profiles: {} }
  const file = fileIn(folder)
  const text = textOf(file)
  if (text === undefined) return { profiles: {} }
  assertPrivate(folder, '700')
  assertPrivate(file, '600')
  return profilesFrom(text, file)
}

function textOf (file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    /* c8 ignore next 2 -- only for files that even their owner can't read; root can read them all */
    throw new CommandFailure(`${file} can't be read: ${reasonOf(error)}`)
  }
}

function isProfile (content: unknown): boolean {
  if (!isJsonObject(content) || typeof content.url !== 'string' || !isJsonObject(content.credential)) return false
  const { token, keyringEntry } = content.credential
  return typeof (keyringEntry ?? token) === 'string'
}

function profilesFrom (text: string, file: string): Profiles {
  const isValid = (content: unknown): content is Profiles => isJsonObject(content) && isJsonObject(content.profiles) &&
    Object.values(content.profiles).every(isProfile)
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    content = undefined
  }
  if (!isValid(content)) throw new CommandFailure(`${file} is damaged`, `Remove it, and log in again: rm ${file} && secretsctl login`)
  return content
}

/** The number of attempts to lock the profiles, and the pause between two of them in milliseconds. */
const attempts = 300
const pause = 100

/** The age, in milliseconds, from which a lock counts as left behind by a process that has died. */
const staleAfter = 60_000

/**
 * Changes the profiles. Only one process at a time does so, because an issuer may accept a refresh token only once.
 *
 * @param change returns the new profiles, or undefined to leave the file as it is
 * @throws CommandFailure if the file can't be read or written, or if another process has replaced the lock meanwhile
 */
export async function changeProfiles (
  env: NodeJS.ProcessEnv, change: (profiles: Profiles) => Promise<Profiles | undefined> | Profiles | undefined
): Promise<void> {
  const folder = configFolder(env)
  if (folder === undefined) throw new CommandFailure('There is no folder for the profiles: set HOME or XDG_CONFIG_HOME')
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  /* c8 ignore next 3 -- only if the disk is full, or the user may not write to it */
  } catch (error) {
    throw new CommandFailure(`${folder} can't be created: ${reasonOf(error)}`)
  }
  assertPrivate(folder, '700')
  const lock = join(folder, 'lock')
  const owner = randomUUID()
  await acquire(lock, owner)
  const cancelCleanUp = cleanUpOnExit(() => { remove(lock, owner) })
  try {
    const changed = await change(readProfiles(env))
    if (changed === undefined) return
    // Without this check, the other process's changes, such as a logout, would be undone.
    if (textOf(lock) !== owner) throw new CommandFailure('The profiles were changed while the command ran, because it took too long. Run the command again')
    replacePrivate(fileIn(folder), `${JSON.stringify(changed, undefined, 2)}\n`)
  } finally {
    cancelCleanUp()
    remove(lock, owner)
  }
}

/** Removes a lock if `owner` still holds it. If the owner has taken too long, another process may have replaced the lock. */
function remove (lock: string, owner: string | undefined): void {
  if (textOf(lock) === owner) rmSync(lock, { force: true })
}

async function acquire (lock: string, owner: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      createPrivate(lock, owner)
      return
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw new CommandFailure(`${lock} can't be created: ${reasonOf(error)}`)
    }
    const holder = textOf(lock)
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > staleAfter) remove(lock, holder)
    else await setTimeout(pause)
  }
  /* c8 ignore next -- only if another process has held the lock for half a minute */
  throw new CommandFailure(`Another secretsctl has locked the profiles. If none is running: rm ${lock}`)
}
