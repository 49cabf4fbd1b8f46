import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isJsonObject } from '#src/json/lossless'
import { reasonOf } from '#src/cli/system-error'
import { CommandFailure } from '#src/cli/terminal'
import { isDots } from '#src/cli/text'
import { urlFrom, type Project } from './profiles.ts'

const name = '.secretsctl.yaml'

/**
 * Finds the project file of a folder: in the folder itself, or else in the nearest folder above it. Returns undefined if there is
 * none.
 */
export function findProjectFile (folder: string): string | undefined {
  const file = join(folder, name)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file
  const above = dirname(folder)
  return above === folder ? undefined : findProjectFile(above)
}

/**
 * Reads a project file.
 *
 * @param isNamed true if the user named the file, rather than the file having been found
 * @throws CommandFailure if the file belongs to another user, if others can change it, or if its content is invalid
 */
export async function readProject (file: string, isNamed: boolean): Promise<Project> {
  const { yamlFrom } = await import('#src/cli/yaml')
  let content: unknown
  try {
    content = yamlFrom(isNamed ? readFileSync(file, 'utf8') : trustedText(file)) ?? {}
  } catch (error) {
    if (error instanceof Untrusted) throw error
    if (error instanceof CommandFailure) throw new CommandFailure(`${file}:`, ...error.lines)
    throw new CommandFailure(`${file} can't be read: ${reasonOf(error)}`)
  }
  return { file, ...membersOf(content, file) }
}

class Untrusted extends CommandFailure {}

/**
 * Reads a file that was found. The checks and the read use the same descriptor, so the file can't be replaced in between.
 *
 * @throws Untrusted
 */
function trustedText (file: string): string {
  // Without O_NONBLOCK, opening a named pipe that has taken the file's place would wait.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    assertTrusted(file, descriptor)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Checks that only the user or root can have written the file. On a shared machine, somebody could otherwise leave a project file
 * in a folder such as /tmp, and so choose the gateway and the environment of everybody who works below it. The file's group may
 * not write it either, unless the group has the same ID as the owner, because many systems create such a private group for each
 * user.
 */
function assertTrusted (file: string, descriptor: number): void {
  const { uid, gid, mode } = fstatSync(descriptor)
  const own = process.getuid?.() ?? uid
  if (uid !== own && uid !== 0) throw new Untrusted(`${file} belongs to another user, so it is not used`, `To use it all the same: export SECRETS_GATEWAY_PROJECT_FILE=${file}`)
  const others = gid === uid ? 0o002 : 0o022
  if ((mode & others) !== 0) throw new Untrusted(`Other users can change ${file}, so it is not used`, `To use it: chmod go-w ${file}`)
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isMapping = (value: unknown): value is Record<string, string> => isJsonObject(value) && Object.values(value).every(isText)

/** The check of each member, and a description of valid values. */
const members: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  gateway: [(value) => isText(value) && urlFrom(value) !== undefined, 'an HTTP URL, such as https://secrets.example.com'],
  profile: [isText, 'the name of a profile'],
  environment: [(value) => isText(value) && !isDots(value), 'the name of an environment'],
  prefix: [isText, 'text that is not empty'],
  mapping: [isMapping, 'an object of variables, each with the name of a secret, such as DB_PASSWORD: payments/db#password']
}

function membersOf (content: unknown, file: string): Omit<Project, 'file'> {
  if (!isJsonObject(content)) throw new CommandFailure(`${file} must contain an object`)
  for (const [key, value] of Object.entries(content)) {
    const [isValid, expected] = Object.hasOwn(members, key) ? members[key] ?? [] : []
    if (isValid === undefined) throw new CommandFailure(`${file} has an unknown member ${key}; it can have ${Object.keys(members).join(', ')}`)
    if (!isValid(value)) throw new CommandFailure(`${key} in ${file} must be ${String(expected)}`)
  }
  if ('gateway' in content && 'profile' in content) throw new CommandFailure(`${file} has both a gateway and a profile: leave one of them out`)
  const gateway = isText(content.gateway) ? urlFrom(content.gateway) : undefined
  return { ...content, ...gateway !== undefined && { gateway } }
}
