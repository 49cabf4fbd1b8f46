import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { errorCode } from '#src/problems/problem'
import { inspectEnd, type End, type Position } from './end.ts'
import { encodeHead, isSigned, parseHead, readHead } from './head.ts'
import type { SigningKey } from './key.ts'
import { lockTrail } from './lock.ts'
import type { Found } from './record.ts'
import { UnusableTrail, type AuditSettings } from './settings.ts'
import type { Sink } from './sink.ts'

const { O_APPEND, O_CREAT, O_RDWR } = constants

/** Node's error codes for a wrong path in the configuration, which a retry can't fix. */
const configurationErrors: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EROFS', 'ENAMETOOLONG', 'ELOOP'])

/** The states without damage. In these states, an invalid signature of the head is reported as `unsigned-head`. */
const undamaged: ReadonlySet<Found> = new Set<Found>(['nothing', 'intact', 'moved', 'no-head'])

/** The open files of a trail. */
interface Files {
  trail: FileHandle
  head: FileHandle
  /** Identifies the open trail file, even after it is renamed. */
  inode: Stats
  /** The last record that was written and acknowledged. */
  known: Position
}

/**
 * Creates a sink that writes the trail to a file. For rotation, the file can be renamed at any time. At most one more write goes
 * to the renamed file; later writes go to a new file. The sink uses two more files: `FILE.head` stores the position of the last
 * record, and `FILE.lock` keeps other processes from writing.
 */
export function fileSink (file: string, durability: AuditSettings['durability'], key: SigningKey): Sink {
  let unlock: (() => void) | undefined
  let files: Files | undefined
  let isOpen = false
  /** True after a failed write, which may have left a partial record in the file. */
  let failed = false
  /** A line feed to write before the next record if the file ends in the middle of a line. Empty otherwise. */
  let gap = ''

  async function openFirst (): Promise<End> {
    unlock ??= lockTrail(file)
    const head = await open(`${file}.head`, O_RDWR | O_CREAT, 0o600)
    try {
      const text = await readHead(head)
      const known = parseHead(text)
      const end = await openTrail(head, known, true)
      const trusted = text === '' || (known !== undefined && isSigned(known, key.publicKey))
      return trusted || !undamaged.has(end.found) ? end : { ...end, found: 'unsigned-head' }
    } catch (error) {
      await head.close()
      throw error
    }
  }

  async function openAgain ({ trail, head, known }: Files): Promise<End> {
    const { nlink, size } = await trail.stat()
    // Removes the rest of the failed write, which was never acknowledged.
    if (failed && size > known.size) await trail.truncate(known.size)
    const end = await openTrail(head, known, false)
    await trail.close()
    return end.found === 'moved' && nlink === 0 ? { ...end, found: 'removed' } : end
  }

  async function openTrail (head: FileHandle, known: Position | undefined, isFirst: boolean): Promise<End> {
    const trail = await open(file, O_RDWR | O_APPEND | O_CREAT, 0o600)
    try {
      const inode = await trail.stat()
      if (!inode.isFile()) throw new UnusableTrail('audit.file', `${file}, which is not a regular file`, 'a file, or - for standard output')
      const end = await inspectEnd(trail, known, key.publicKey, isFirst)
      const size = inode.size - end.torn
      if (end.torn > 0) await trail.truncate(size)
      files = { trail, head, inode, known: { link: end.link, size } }
      gap = end.lacksLineFeed ? '\n' : ''
      failed = false
      isOpen = true
      return end
    } catch (error) {
      await trail.close()
      throw error
    }
  }

  /**
   * Checks two things about the open file:
   *
   * - `hasName`: the file still has the trail's name.
   * - `isUnchanged`: the file has the expected size and was not deleted.
   */
  async function inspectFile ({ trail, inode }: Files, size: number): Promise<{ hasName: boolean, isUnchanged: boolean }> {
    const named = await stat(file).catch(undefinedIfMissing)
    const hasName = named?.ino === inode.ino && named.dev === inode.dev
    const opened = hasName ? named : await trail.stat()
    return { hasName, isUnchanged: opened.size === size && opened.nlink > 0 }
  }

  return {
    get isOpen () {
      return isOpen
    },
    async open () {
      try {
        return await (files === undefined ? openFirst() : openAgain(files))
      } catch (error) {
        const code = errorCode(error)
        throw configurationErrors.has(code) ? new UnusableTrail('audit.file', `${code} on opening ${file}`, 'a writable file') : error
      }
    },
    async write (lines, link) {
      if (files === undefined) throw new TypeError('The trail was never opened')
      const { trail, head, known } = files
      const bytes = Buffer.concat([Buffer.from(gap), lines])
      gap = ''
      const size = known.size + bytes.length
      try {
        const written = trail.appendFile(bytes)
        // Signs the head while the write is in progress.
        const newHead = encodeHead(link, size, key)
        await written
        if (durability === 'synced') await trail.datasync()
        const [{ hasName, isUnchanged }] = await Promise.all([inspectFile(files, size), head.write(newHead, 0)])
        isOpen = hasName && isUnchanged
        if (isUnchanged) files.known = { link, size }
        return isUnchanged
      } catch (error) {
        failed = true
        isOpen = false
        throw error
      }
    },
    async check () {
      if (files === undefined || !isOpen) return
      const { hasName, isUnchanged } = await inspectFile(files, files.known.size)
      isOpen = hasName && isUnchanged
    },
    async close () {
      isOpen = false
      await files?.trail.close()
      await files?.head.close()
      files = undefined
      unlock?.()
      unlock = undefined
    }
  }
}

function undefinedIfMissing (error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error
}
