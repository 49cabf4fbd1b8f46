import { write } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errorCode } from '#src/problems/problem'
import type { End } from './end.ts'
import { genesis, type Link } from './record.ts'
import type { Sink } from './sink.ts'

const writeSome = promisify(write)

/** Milliseconds until a full pipe is tried again, where it is one that does not wait by itself. */
const pause = 20

/**
 * A trail on standard output, for what collects a container's. Nothing can be read back from there: each process begins a trail
 * of its own. And nothing can be taken back: what could be written only in part is completed before anything else.
 *
 * @param descriptor the file descriptor
 */
export function standardOutputSink (descriptor = 1): Sink {
  let reached: Link | undefined
  let unwritten = Buffer.alloc(0)
  let isOpen = false

  async function complete (): Promise<void> {
    while (unwritten.length > 0) {
      const { bytesWritten } = await writeSome(descriptor, unwritten).catch(untilThereIsRoom)
      unwritten = unwritten.subarray(bytesWritten)
    }
  }

  return {
    get isOpen () {
      return isOpen
    },
    async open (): Promise<End> {
      await complete()
      isOpen = true
      return reached === undefined ? { found: 'nothing', link: genesis, torn: 0 } : { found: 'intact', link: reached, torn: 0 }
    },
    async write (lines, link) {
      reached = link
      unwritten = Buffer.from(lines)
      try {
        await complete()
      } catch (error) {
        isOpen = false
        throw error
      }
      return true
    },
    check: async () => undefined,
    close: async () => undefined
  }
}

async function untilThereIsRoom (error: unknown): Promise<{ bytesWritten: number }> {
  if (errorCode(error) !== 'EAGAIN') throw error
  await setTimeout(pause)
  return { bytesWritten: 0 }
}
