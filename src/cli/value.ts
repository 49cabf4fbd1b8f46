import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { errorCode } from '#src/problems/problem'
import { askSecret } from './prompt.ts'
import { CommandFailure, WrongUsage, type Terminal } from './terminal.ts'

/** A value as the gateway takes it. */
export interface GivenValue {
  value: string
  encoding: 'text' | 'base64'
}

/** Adds the argument and the options from which `givenValue` takes a value. */
export function takesValue (command: Command): Command {
  return command
    .argument('[value]', '"-" is standard input; without it, it is asked for. As an argument other users of the machine can see it')
    .option('--from-file <file>', 'the value is the file, byte for byte')
}

/**
 * The value that a command was given.
 *
 * @throws WrongUsage where there is none, or it is empty; nothing was sent then
 */
export async function givenValue (
  argument: string | undefined, file: string | undefined, terminal: Terminal
): Promise<GivenValue> {
  if (argument !== undefined && file !== undefined) throw new WrongUsage('Either a value or --from-file')
  const bytes = await bytesOf(argument, file, terminal)
  if (bytes.length === 0) throw new WrongUsage('The value is empty')
  return isUtf8(bytes) ? { value: bytes.toString(), encoding: 'text' } : { value: bytes.toString('base64'), encoding: 'base64' }
}

async function bytesOf (argument: string | undefined, file: string | undefined, terminal: Terminal): Promise<Buffer> {
  if (file !== undefined) return contentOf(file)
  if (argument === '-') return withoutLineEnd(await buffer(terminal.stdin))
  if (argument !== undefined) {
    if (argument !== '') terminal.stderr.write('Warning: other users of this machine can see a value on a command line; "-" or --from-file hides it\n')
    return Buffer.from(argument)
  }
  if (terminal.stdin.isTTY !== true) throw new WrongUsage('There is no value: give "-" for standard input, or --from-file')
  return Buffer.from(await askSecret(terminal, 'Value (not shown): '))
}

/** @throws CommandFailure where it can't be read */
export function contentOf (file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CommandFailure(`${file} can't be read: ${errorCode(error)}`)
  }
}

/** `echo` ends its line; what has several lines, as a key in PEM, keeps the end of the last. */
function withoutLineEnd (bytes: Buffer): Buffer {
  const end = bytes.indexOf('\n')
  return end !== bytes.length - 1 || end === -1 ? bytes : bytes.subarray(0, bytes.at(end - 1) === 0x0d && end > 0 ? end - 1 : end)
}
