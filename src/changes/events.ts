import { createHash } from 'node:crypto'
import type { SecretName } from '#src/environments/names'
import { eventText, heartbeat } from '#src/event-streams/text'
import { Problem } from '#src/problems/problem'
import type { PauseEnd } from '#src/scheduling/pauses'
import type { Following } from './followed-secrets.ts'

/** A secret with its current version, or without one if it can't be read. */
export interface Change {
  readonly name: SecretName
  readonly versionId: string | undefined
}

/** The parts of a stream that depend on its request. */
export interface ChangeStream {
  readonly following: Following
  /** The secrets whose current version may have changed since it was told. Names are added from outside. */
  readonly pending: Set<SecretName>
  /**
   * Waits until there is something to do: a change, a heartbeat, or a reload of the configuration.
   *
   * @param isDue returns true if there is something to do already
   */
  readonly pause: (isDue: () => boolean) => Promise<PauseEnd>
  /**
   * Checks the caller's permissions again. Resolves to a function that says which secrets it may see, or to undefined if the
   * stream has to end, so that the client connects again.
   *
   * @throws Problem if the caller may no longer follow the secrets
   */
  readonly renew: () => Promise<((name: SecretName) => boolean) | undefined>
  /** Records the changes in the audit trail. @throws Problem if they can't be recorded */
  readonly record: (changes: readonly Change[]) => Promise<void>
}

/**
 * Yields Server-Sent Events: the current version of each secret (`version`), then each change of it; `gone` if a secret can no
 * longer be read; and `end` if the caller may no longer follow the secrets. The ID of an event identifies all versions that the
 * client then knows. A client that reconnects with `Last-Event-ID` therefore gets nothing if nothing has changed, wherever it
 * connects to. Otherwise it gets all current versions again; if some can't be read, the others when the first heartbeat is due.
 *
 * @param lastEventId the `Last-Event-ID` of the client
 */
export async function* changeEvents (
  { following, pending, pause, renew, record }: ChangeStream, lastEventId: string | undefined
): AsyncGenerator<string> {
  const told = new Map<SecretName, string>()
  let resumed = lastEventId
  // What a resumed client lacks is only clear when all versions are known. The first heartbeat ends the wait for them.
  const isReady = (): boolean => pending.size > 0 && (resumed === undefined || following.isComplete())

  /** Takes the changes that the client has not been told, and counts them as told. */
  function take (sees: (name: SecretName) => boolean): Change[] {
    const changes: Change[] = []
    for (const name of pending) {
      const isSeen = sees(name)
      const versionId = following.versions.get(name)
      if (isSeen && versionId !== told.get(name)) changes.push({ name, versionId })
      if (isSeen && versionId !== undefined) told.set(name, versionId)
      else told.delete(name)
    }
    pending.clear()
    return changes
  }

  try {
    for (;;) {
      const end = await pause(isReady)
      if (end === 'stopping') return
      if (end === 'over') resumed = undefined
      const sees = await renew()
      if (sees === undefined) return
      const changes = isReady() ? take(sees) : []
      const id = changes.length === 0 ? resumed : stateId(told)
      if (id !== resumed) {
        await record(changes)
        yield changes.map((change, index) => textOf(change, index === changes.length - 1 ? id : undefined)).join('')
      } else if (end === 'over') {
        yield heartbeat
      }
      if (changes.length > 0) resumed = undefined
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code !== 'caller-gone') yield eventText('end', { problem: error.code })
  }
}

const textOf = ({ name, versionId }: Change, id: string | undefined): string =>
  versionId === undefined ? eventText('gone', { name }, id) : eventText('version', { name, versionId }, id)

const stateId = (told: ReadonlyMap<SecretName, string>): string =>
  createHash('sha256').update(JSON.stringify([...told].sort(([one], [other]) => one < other ? -1 : 1))).digest('base64url')
