import { write } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errorCode } from '#src/problems/problem'
import type { End } from './end.ts'
import { genesis, type Link } from './record.ts'
import type { Sink } from './sink.ts'

const writeSome = promisify(write)

/** Milliseconds to wait before the next attempt to write to a full non-blocking pipe. */
const pause = 20

/**
 * Creates a sink that writes the trail to standard output, for the log collector of a container. Output can't be read back, so
 * each process starts a new trail. Output can't be undone either, so after a write that failed halfway, the rest of its bytes is
 * written before anything else.
 *
 * @param descriptor the file descriptor
 */
export function standardOutputSink (descriptor = 1): Sink {
  let last: Link | undefined
  let unwritten = Buffer.alloc(0)
  let isOpen = false

  async function flush (): Promise<void> {
    while (unwritten.length > 0) {
      const { bytesWritten } = await writeSome(descriptor, unwritten).catch(waitForRoom)
      unwritten = unwritten.subarray(bytesWritten)
    }
  }

  return {
    get isOpen () {
      return isOpen
    },
    async open (): Promise<End> {
      await flush()
      isOpen = true
      return last === undefined ? { found: 'nothing', link: genesis, torn: 0 } : { found: 'intact', link: last, torn: 0 }
    },
    async write (lines, link) {
      last = link
      unwritten = Buffer.from(lines)
      try {
        await flush()
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

async function waitForRoom (error: unknown): Promise<{ bytesWritten: number }> {
  if (errorCode(error) !== 'EAGAIN') throw error
  await setTimeout(pause)
  return { bytesWritten: 0 }
}
