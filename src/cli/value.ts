import { isUtf8 } from 'node:buffer'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { contentOf } from './file-content.ts'
import { askSecret } from './prompt.ts'
import { WrongUsage, type Terminal } from './terminal.ts'

/** A secret's value, encoded for the gateway's API. */
export interface EncodedValue {
  value: string
  encoding: 'text' | 'base64'
}

/** Adds the argument and the option that {@link readValue} reads a value from. */
export function withValue (command: Command): Command {
  return command
    .argument('[value]', '"-" reads standard input; without a value you are prompted for it. Other users can see a value on the command line')
    .option('--from-file <file>', 'read the value from a file, byte for byte')
}

/**
 * Reads the value from the command line, the file, standard input or a prompt.
 *
 * @param isBinary true to encode even text as bytes
 * @throws WrongUsage if the value is missing or empty, or if both an argument and a file are specified
 * @throws CommandFailure if the file can't be read, or the prompt is cancelled
 */
export async function readValue (
  argument: string | undefined, file: string | undefined, terminal: Terminal, isBinary = false
): Promise<EncodedValue> {
  if (argument !== undefined && file !== undefined) throw new WrongUsage('Specify either a value or --from-file, not both')
  const bytes = await bytesOf(argument, file, terminal)
  if (bytes.length === 0) throw new WrongUsage('The value is empty')
  return isUtf8(bytes) && !isBinary ? { value: bytes.toString(), encoding: 'text' } : { value: bytes.toString('base64'), encoding: 'base64' }
}

async function bytesOf (argument: string | undefined, file: string | undefined, terminal: Terminal): Promise<Buffer> {
  if (file !== undefined) return contentOf(file)
  if (argument === '-') return withoutFinalNewline(await buffer(terminal.stdin))
  if (argument !== undefined) {
    if (argument !== '') terminal.stderr.lines(['Warning: other users of this machine can see a value on the command line; "-" and --from-file hide it'])
    return Buffer.from(argument)
  }
  if (terminal.stdin.isTTY !== true) throw new WrongUsage('No value: use "-" to read standard input, or --from-file')
  return Buffer.from(await askSecret(terminal, 'Value (not shown): '))
}

/** Removes the newline that `echo` appends. Text of several lines, such as a key in PEM, keeps its final newline. */
function withoutFinalNewline (bytes: Buffer): Buffer {
  const end = bytes.indexOf('\n')
  return end !== bytes.length - 1 || end === -1 ? bytes : bytes.subarray(0, bytes.at(end - 1) === 0x0d && end > 0 ? end - 1 : end)
}
