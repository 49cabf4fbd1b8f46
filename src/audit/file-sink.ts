import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { errorCode } from '#src/problems/problem'
import { inspectEnd, type End, type Known } from './end.ts'
import { encodeHead, isSigned, parseHead, readHead } from './head.ts'
import type { SigningKey } from './key.ts'
import { lockTrail } from './lock.ts'
import type { Found } from './record.ts'
import { UnusableTrail, type AuditSettings } from './settings.ts'
import type { Sink } from './sink.ts'

const { O_APPEND, O_CREAT, O_RDWR } = constants

/** What no waiting mends: the configuration names the wrong place. */
const mistaken: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EROFS', 'ENAMETOOLONG', 'ELOOP'])

/** A trail with which nothing is wrong but that its head can't be trusted. */
const inOrder: ReadonlySet<Found> = new Set<Found>(['nothing', 'intact', 'moved', 'no-head'])

/** The files, once they are open. */
interface Files {
  trail: FileHandle
  head: FileHandle
  /** Which file the trail is, by whatever name. */
  inode: Stats
  /** What was written, and acknowledged, last. */
  known: Known
}

/**
 * A trail in a file that may be moved away at any time: the next record then goes into a new one. Beside it stand `FILE.head`,
 * which tells where it ends, and `FILE.lock`, which holds other processes off.
 */
export function fileSink (file: string, durability: AuditSettings['durability'], key: SigningKey): Sink {
  let unlock: (() => void) | undefined
  let files: Files | undefined
  let isOpen = false
  /** Whether a write has failed, and may have left something. */
  let failed = false
  /** A line feed that is missing in front of what is written next. */
  let gap = ''

  async function openFirst (): Promise<End> {
    unlock ??= lockTrail(file)
    const head = await open(`${file}.head`, O_RDWR | O_CREAT, 0o600)
    try {
      const text = await readHead(head)
      const known = parseHead(text)
      const end = await openTrail(head, known, true)
      const trusted = text === '' || (known !== undefined && isSigned(known, key.verifies))
      return trusted || !inOrder.has(end.found) ? end : { ...end, found: 'unsigned-head' }
    } catch (error) {
      await head.close()
      throw error
    }
  }

  async function openAgain ({ trail, head, known }: Files): Promise<End> {
    const { nlink, size } = await trail.stat()
    // It was never acknowledged.
    if (failed && size > known.size) await trail.truncate(known.size)
    const end = await openTrail(head, known, false)
    await trail.close()
    return end.found === 'moved' && nlink === 0 ? { ...end, found: 'removed' } : end
  }

  async function openTrail (head: FileHandle, known: Known | undefined, isFirst: boolean): Promise<End> {
    const trail = await open(file, O_RDWR | O_APPEND | O_CREAT, 0o600)
    try {
      const inode = await trail.stat()
      if (!inode.isFile()) throw new UnusableTrail('audit.file', `${file}, which is no file`, 'a file, or - for standard output')
      const end = await inspectEnd(trail, known, key.verifies, isFirst)
      const size = inode.size - end.torn
      if (end.torn > 0) await trail.truncate(size)
      files = { trail, head, inode, known: { link: end.link, size } }
      gap = end.isUnended ? '\n' : ''
      failed = false
      isOpen = true
      return end
    } catch (error) {
      await trail.close()
      throw error
    }
  }

  /** Whether the file that is written still has the trail's name, and whether it holds what was written and nothing else. */
  async function look ({ trail, inode }: Files, size: number): Promise<{ hasName: boolean, isWhole: boolean }> {
    const there = await stat(file).catch(absent)
    const hasName = there?.ino === inode.ino && there.dev === inode.dev
    const ours = hasName ? there : await trail.stat()
    return { hasName, isWhole: ours.size === size && ours.nlink > 0 }
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
        throw mistaken.has(code) ? new UnusableTrail('audit.file', `${code} on opening ${file}`, 'a file that can be written') : error
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
        // Signed while that is under way.
        const newHead = encodeHead(link, size, key)
        await written
        if (durability === 'synced') await trail.datasync()
        const [{ hasName, isWhole }] = await Promise.all([look(files, size), head.write(newHead, 0)])
        isOpen = hasName && isWhole
        if (isWhole) files.known = { link, size }
        return isWhole
      } catch (error) {
        failed = true
        isOpen = false
        throw error
      }
    },
    async check () {
      if (files === undefined || !isOpen) return
      const { hasName, isWhole } = await look(files, files.known.size)
      isOpen = hasName && isWhole
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

function absent (error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error
}
