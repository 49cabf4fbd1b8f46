import { createReadStream, existsSync } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { InvalidArgumentError, type Command } from 'commander'
import { verifyingKey } from '#src/audit/key'
import type { Link } from '#src/audit/record'
import type { Remark, TrailFile, Verification, VerifyOptions } from '#src/audit/verify'
import { positiveInteger } from './arguments.ts'
import { contentOf } from './file-content.ts'
import { reasonOf } from './system-error.ts'
import { CommandFailure } from './terminal.ts'

/** The options for the extent of a trail, and for checking its signatures. */
export interface TrailOptions {
  key: string[]
  head?: string
  part?: boolean
  from: number
  known: Link[]
}

/** Parses `SEQUENCE:HASH`, the value of `--known`. */
function recordLink (text: string): Link {
  const [, sequence, hash = ''] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (sequence === undefined) throw new InvalidArgumentError('Must have the form SEQUENCE:HASH.')
  return { sequence: Number(sequence), hash }
}

const read = (file: string): string => contentOf(file).toString()

function key (file: string): ReturnType<typeof verifyingKey> {
  const pem = read(file)
  try {
    return verifyingKey(pem)
  } catch {
    throw new CommandFailure(`${file} is not an Ed25519 key in PEM`)
  }
}

/**
 * Reads a file in chunks. Decompresses it if its name ends in `.gz`, because log rotation usually compresses older files.
 *
 * @param onRead called with the number of further bytes that have been read from the file itself
 */
async function* chunksOf (file: string, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file)
  const chunks: AsyncIterable<Buffer> = file.endsWith('.gz') ? pipeline(stream, createGunzip(), () => undefined) : stream
  let counted = 0
  try {
    for await (const chunk of chunks) {
      onRead(stream.bytesRead - counted)
      counted = stream.bytesRead
      yield chunk
    }
  } catch (error) {
    throw new CommandFailure(`${file} can't be read: ${reasonOf(error)}`)
  }
}

const line = ({ file, line, sequence, message }: Remark): string =>
  `${file}:${line}: ${sequence === undefined ? '' : `record ${sequence}: `}${message}`

/** Returns the message to print if a verification has no findings. */
const verdict = ({ last, unproved }: Verification): string => unproved === undefined
  ? 'The trail is intact'
  : `The trail is intact up to record ${last?.sequence ?? 0}. No signature covers what follows: nothing proves that the gateway wrote it`

/** Adds the argument and the options that name a trail to a command. */
export function withTrailOptions (command: Command): Command {
  return command
    .argument('<file...>', 'the files of the trail, oldest first, such as .gateway/audit.jsonl in local mode; those that end in .gz are decompressed')
    .option('--key <file>', 'a key of the gateway in PEM, preferably public (repeatable); default: the key that the trail itself contains',
      (file, files: string[]) => [...files, file], [])
    .option('--head <file>', 'the file that records the trail\'s end; default: the last file with .head appended')
    .option('--part', 'the files are only part of a trail, which begins and ends elsewhere')
    .option('--from <sequence>', 'the oldest record to expect, if older files were deleted on purpose', positiveInteger('sequence number', Number.MAX_SAFE_INTEGER), 1)
    .option('--known <sequence:hash>', 'a record that the trail must contain, as the gateway\'s log names it (repeatable)',
      (text, links: Link[]) => [...links, recordLink(text)], [])
}

/** Returns the files of a trail. @param onRead called with the number of bytes of each chunk that was read */
export const trailOf = (names: readonly string[], onRead: (bytes: number) => void = () => undefined): TrailFile[] =>
  names.map((name): TrailFile => ({ name, chunks: chunksOf(name, onRead) }))

/** Returns the options of a verification. @throws CommandFailure if the head or a key can't be read */
export function trailOptions (
  names: readonly string[], { head: given, part = false, key: keys, from, known }: TrailOptions
): VerifyOptions {
  const beside = `${names.at(-1) ?? ''}.head`
  const head = given ?? (!part && existsSync(beside) ? beside : undefined)
  return {
    isPart: part,
    from,
    known,
    ...(keys.length > 0 && { keys: keys.map(key) }),
    ...(head !== undefined && { head: read(head) })
  }
}

/** Describes the result of a verification. */
export function reportLines (verification: Verification, { key }: Pick<TrailOptions, 'key'>): string[] {
  const { findings, notes, records, first, last, isClosed } = verification
  return [
    ...notes.map((note) => `note: ${line(note)}`),
    ...findings.map(line),
    `${records} records${first === undefined ? '' : `, ${first.sequence} to ${last?.sequence ?? ''}`}${isClosed ? ', closed' : ''}`,
    ...(key.length > 0 ? [] : ['The signatures were checked with the key that the trail itself contains: use --key to check them with a trusted key']),
    ...(findings.length === 0 ? [verdict(verification)] : [])
  ]
}
