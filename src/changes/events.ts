import { createHash } from 'node:crypto'
import type { SecretName } from '#src/environments/names'
import { eventText, heartbeat } from '#src/event-streams/server-sent-events'
import { Problem } from '#src/problems/problem'
import type { PauseEnd } from '#src/scheduling/pauses'
import type { Following } from './followed-secrets.ts'

/** A secret and its current version, which is undefined if the secret can't be read. */
export interface Change {
  readonly name: SecretName
  readonly versionId: string | undefined
}

/** The parts of a stream that depend on its request. */
export interface ChangeStream {
  readonly following: Following
  /** The secrets whose current version may differ from the one that was sent. The caller of `changeEvents` adds to it. */
  readonly pending: Set<SecretName>
  /**
   * Waits until there is something to do: a change, a heartbeat, or a reload of the configuration.
   *
   * @param isDue returns true if there is already something to do
   */
  readonly pause: (isDue: () => boolean) => Promise<PauseEnd>
  /**
   * Checks the caller's permissions again. Resolves to a function that returns true for the secrets that the caller may see, or
   * to undefined if the stream must end so that the client reconnects.
   *
   * @throws Problem if the caller may no longer follow the secrets
   */
  readonly renew: () => Promise<((name: SecretName) => boolean) | undefined>
  /** Records the changes in the audit trail. @throws Problem if they can't be recorded */
  readonly record: (changes: readonly Change[]) => Promise<void>
}

/**
 * Yields Server-Sent Events: first the current version of each secret (`version`), then each change of it; `gone` if a secret can
 * no longer be read; and `end` if the caller may no longer follow the secrets. The ID of an event is a digest of all versions
 * that have been sent. So if a client reconnects with `Last-Event-ID`, any replica can tell whether something has changed. If
 * nothing has changed, the client gets no versions. Otherwise, it gets all current versions again. The gateway waits until it
 * knows all versions, but no longer than until the first heartbeat.
 *
 * @param lastEventId the client's `Last-Event-ID`
 */
export async function* changeEvents (
  { following, pending, pause, renew, record }: ChangeStream, lastEventId: string | undefined
): AsyncGenerator<string> {
  const sentVersions = new Map<SecretName, string>()
  let resumed = lastEventId
  // Once all versions are known, the digest shows whether a resuming client has missed something. The first heartbeat ends the
  // wait.
  const isReady = (): boolean => pending.size > 0 && (resumed === undefined || following.isComplete())

  /** Returns the changes to send, and records them as sent. */
  function take (sees: (name: SecretName) => boolean): Change[] {
    const changes: Change[] = []
    for (const name of pending) {
      const isSeen = sees(name)
      const versionId = following.versions.get(name)
      if (isSeen && versionId !== sentVersions.get(name)) changes.push({ name, versionId })
      if (isSeen && versionId !== undefined) sentVersions.set(name, versionId)
      else sentVersions.delete(name)
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
      const id = changes.length === 0 ? resumed : stateId(sentVersions)
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

const stateId = (versions: ReadonlyMap<SecretName, string>): string =>
  createHash('sha256').update(JSON.stringify([...versions].sort(([one], [other]) => one < other ? -1 : 1))).digest('base64url')
