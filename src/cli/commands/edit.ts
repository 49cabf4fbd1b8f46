import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { privateFolder, type PrivateFolder } from '#src/cli/memory-folder'
import { confirm } from '#src/cli/prompt'
import { CommandFailure, Interrupted, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { shellWord } from '#src/cli/text'
import { GatewayProblem, GatewayUnreachable, reply } from '#src/client/client'
import { parseLossless } from '#src/json/lossless'

interface Options extends GlobalOptions {
  allowDisk?: boolean
}

/** Runs the editor on a file, and waits until it ends. As in git, the editor may be a command with options. */
async function editFile (file: string, { VISUAL = '', EDITOR = '', ...env }: NodeJS.ProcessEnv): Promise<void> {
  const editor = [VISUAL, EDITOR, 'vi'].find((name) => name !== '') ?? 'vi'
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', env: { ...env, VISUAL, EDITOR, SECRETS_GATEWAY_TOKEN: undefined } })
  const status = await new Promise<number | null>((resolve) => {
    child.once('error', () => { resolve(127) })
    child.once('close', resolve)
  })
  if (status !== 0) throw new CommandFailure(`The editor (${editor}) failed, so nothing was written`, 'To choose another one: export EDITOR=nano')
}

/** Removes the newline that most editors add at the end of a file, if the value had none. */
const asBefore = (text: string, before: string): string => !before.endsWith('\n') && text.endsWith('\n') ? text.replace(/\r?\n$/, '') : text

const isJson = (text: string): boolean => parseLossless(text) !== undefined

/** Adds `secretsctl edit NAME`, which opens a secret's value in the user's editor and writes it back. */
export function edit (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--allow-disk', 'if this system has no folder in memory, let the editor work on a file on the disk')
    .action(async (name: string, _: object, command: Command) => {
      const { allowDisk = false, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      if (terminal.stdin.isTTY !== true) throw new WrongUsage('edit needs a terminal; in a script, use update')
      const params = { path: { env, name } }
      const secret = await reply(gateway.GET('/environments/{env}/secrets/{name}', { params, headers: { accept: 'application/json' } }))
      /* c8 ignore next -- only for the type: the client refuses a reply that is not JSON. */
      if (typeof secret === 'string') throw new TypeError('The reply is not JSON')
      const { value: before, encoding, versionId } = secret
      if (encoding === 'base64') throw new CommandFailure(`${name} is binary, which an editor can't show`, `Write it with: secretsctl update ${shellWord(name)} --from-file FILE`)
      const folder = privateFolder(terminal.env)
      try {
        /* c8 ignore next 3 -- only on a system without an in-memory folder */
        if (!folder.isInMemory && !allowDisk) {
          throw new CommandFailure('This system has no folder in memory (/dev/shm or $XDG_RUNTIME_DIR), so the value would be on the disk while you edit it', 'If you accept that, add --allow-disk')
        }
        const after = await edited(folder, before, terminal)
        if (after === before) {
          print(terminal, options, { name, unchanged: true }, [`${name} in ${env} is unchanged`])
          return
        }
        const written = await keepingText(folder, name, async () => {
          if (isJson(before) && !isJson(after) && !await confirm(terminal, 'The value was JSON, and is not any more. Write it all the same?')) {
            throw new CommandFailure('Nothing was written')
          }
          return reply(gateway.PUT('/environments/{env}/secrets/{name}', {
            params: { ...params, header: { 'if-match': `"${versionId}"` } }, body: { value: after, encoding: 'text' }
          }))
        })
        print(terminal, options, written, [`Updated ${name} in ${env}, version ${written.versionId ?? ''}`])
      } finally {
        folder.remove()
      }
    })
  withExample(command, 'secretsctl edit payments/db --env dev', 'EDITOR="code --wait" secretsctl edit payments/db --env dev')
}

const fileIn = ({ path }: PrivateFolder): string => join(path, 'value')

/**
 * Lets the user edit a value, and returns the new value.
 *
 * @throws CommandFailure if the editor fails, or if the new value is empty
 */
async function edited (folder: PrivateFolder, before: string, { env }: Terminal): Promise<string> {
  const file = fileIn(folder)
  writeFileSync(file, before, { mode: 0o600, flag: 'wx' })
  await folder.ignoringInterrupts(async () => editFile(file, env))
  const after = asBefore(readFileSync(file, 'utf8'), before)
  if (after === '') throw new CommandFailure('The value is empty, so nothing was written')
  return after
}

/** Writes the value. If that fails, keeps the edited text, and reports the path of its file. */
async function keepingText<T> (folder: PrivateFolder, name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof GatewayProblem || error instanceof GatewayUnreachable || error instanceof CommandFailure)) throw error
    folder.keep()
    const reason = error instanceof GatewayProblem && error.code === 'precondition-failed'
      ? ['Somebody has changed the secret while you edited it, so nothing was written']
      : error instanceof CommandFailure ? error.lines : [error.message]
    const file = shellWord(fileIn(folder))
    const Failure = error instanceof Interrupted ? Interrupted : CommandFailure
    throw new Failure(
      ...reason,
      `Your text is kept in ${file}, and only you can read it. Compare it with the current value, then write and remove it:`,
      `  secretsctl update ${shellWord(name)} --from-file ${file} && rm -r ${shellWord(folder.path)}`
    )
  }
}
