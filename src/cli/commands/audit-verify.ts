import { createReadStream, existsSync } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { InvalidArgumentError, type Command } from 'commander'
import { verifyingKey } from '#src/audit/key'
import type { Link } from '#src/audit/record'
import { verifyTrail, type Remark, type TrailFile, type Verification } from '#src/audit/verify'
import { positiveInteger } from '#src/cli/arguments'
import { withExample } from '#src/cli/gateway'
import type { OutputOptions } from '#src/cli/output-format'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'
import { contentOf } from '#src/cli/value'
import { errorCode } from '#src/problems/problem'

interface Options extends OutputOptions {
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

/** Reads a file in chunks. Decompresses it if its name ends in `.gz`, because log rotation usually compresses older files. */
async function* chunksOf (file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file)
  const chunks: AsyncIterable<Buffer> = file.endsWith('.gz') ? pipeline(stream, createGunzip(), () => undefined) : stream
  try {
    yield* chunks
  } catch (error) {
    throw new CommandFailure(`${file} can't be read: ${errorCode(error)}`)
  }
}

const line = ({ file, line, sequence, message }: Remark): string =>
  `${file}:${line}: ${sequence === undefined ? '' : `record ${sequence}: `}${message}`

/** Returns the message to print if a verification has no findings. */
const verdict = ({ last, unproved }: Verification): string => unproved === undefined
  ? 'The trail is intact'
  : `The trail is intact up to record ${last?.sequence ?? 0}. No signature covers what follows: nothing proves that the gateway wrote it`

/** Adds `secretsctl audit verify FILE...`, which checks the integrity of an audit trail. */
export function auditVerify (command: Command, terminal: Terminal): void {
  command
    .argument('<file...>', 'the files of the trail, oldest first; those that end in .gz are decompressed')
    .option('--key <file>', 'a key of the gateway in PEM, preferably public (repeatable); default: the key that the trail itself contains',
      (file, files: string[]) => [...files, file], [])
    .option('--head <file>', 'the file that records the trail\'s end; default: the last file with .head appended')
    .option('--part', 'the files are only part of a trail, which begins and ends elsewhere')
    .option('--from <sequence>', 'the oldest record to expect, if older files were deleted on purpose', positiveInteger('sequence number', Number.MAX_SAFE_INTEGER), 1)
    .option('--known <sequence:hash>', 'a record that the trail must contain, as the gateway\'s log names it (repeatable)',
      (text, links: Link[]) => [...links, recordLink(text)], [])
    .action(async (names: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const beside = `${names.at(-1) ?? ''}.head`
      const head = options.head ?? (options.part !== true && existsSync(beside) ? beside : undefined)
      const files = names.map((name): TrailFile => ({ name, chunks: chunksOf(name) }))
      const verification = await verifyTrail(files, {
        isPart: options.part ?? false,
        from: options.from,
        known: options.known,
        ...(options.key.length > 0 && { keys: options.key.map(key) }),
        ...(head !== undefined && { head: read(head) })
      })
      const { findings, notes, records, first, last, unproved, isClosed } = verification
      print(terminal, options, { proved: findings.length === 0 && unproved === undefined, ...verification }, [
        ...notes.map((note) => `note: ${line(note)}`),
        ...findings.map(line),
        `${records} records${first === undefined ? '' : `, ${first.sequence} to ${last?.sequence ?? ''}`}${isClosed ? ', closed' : ''}`,
        ...(options.key.length > 0 ? [] : ['The signatures were checked with the key that the trail itself contains: use --key to check them with a trusted key']),
        ...(findings.length === 0 ? [verdict(verification)] : [])
      ])
      if (findings.length > 0) throw new CommandFailure('The trail is NOT intact')
    })
  withExample(command, 'secretsctl audit verify audit.jsonl --key audit.pub.pem')
}
