import { compact } from '#src/json/compact'
import { isProblem, Problem } from '#src/problems/problem'
import { describeSecret } from '#src/secrets/metadata'
import { randomPassword } from '#src/secrets/random-password'
import type { Scope } from '#src/secrets/scope'
import { tagSecret } from '#src/secrets/tags'
import { createToken, forPurpose, updateToken } from '#src/secrets/tokens'
import { createSecret, restoreSecret, updateSecret } from '#src/secrets/write'
import type { BulkItem } from './items.ts'
import { isUpdate, planExisting, type BulkOutcome, type Conflicts, type Plan } from './plan.ts'

/** What has been done to a secret, step by step; also a step whose answer was lost, and which may have been done. */
export interface Trace {
  /** The version is that of its value. */
  created?: { versionId?: string | undefined, unsure?: true }
  restored?: object
  tagged?: object
  updated?: { versionId?: string | undefined }
}

/** Takes a step that leaves a trace, unless it fails for sure. */
async function take<Step extends keyof Trace, T> (
  trace: Trace, step: Step, mark: Trace[Step], work: () => Promise<T>
): Promise<T> {
  trace[step] = mark
  try {
    return await work()
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- one of four
    if (error instanceof Problem && error.status < 500) delete trace[step]
    throw error
  }
}

/**
 * Makes the secret, or does about the one that exists what the request says. It tries to make it first: in an environment that
 * lacks its secrets, that is the only call.
 *
 * @throws Problem as `planExisting` does, and as AWS answers
 */
export async function makeItem (scope: Scope, item: BulkItem, conflicts: Conflicts): Promise<BulkOutcome> {
  try {
    return await createItem(scope, item)
  } catch (error) {
    if (!isProblem(error, 'secret-exists') && !isProblem(error, 'secret-pending-deletion')) throw error
  }
  return changeItem(scope, await planExisting(scope, item, await describeSecret(scope, item.name), conflicts))
}

/** @throws Problem `secret-exists`, `secret-pending-deletion`, and as AWS answers */
export async function createItem (scope: Scope, item: BulkItem, trace: Trace = {}): Promise<BulkOutcome> {
  const token = createToken(scope, item.name)
  const input = await withValue(scope, item)
  const versionId = input.value === undefined ? undefined : token
  try {
    const written = await take(trace, 'created', { versionId, unsure: true }, async () => createSecret(scope, item.name, input))
    trace.created = { versionId: written.versionId }
    return { ...written, name: item.name, result: 'created' }
  } catch (error) {
    if (item.generate === undefined || token === undefined || !isProblem(error, 'idempotency-conflict')) throw error
    // An earlier run has made it, with the value that was generated then; the one of this run is forgotten.
    const { arn } = await describeSecret(scope, item.name)
    return { name: item.name, result: 'created', arn, versionId: token }
  }
}

/** Does about a secret that exists what was planned. @throws Problem as AWS answers */
export async function changeItem (scope: Scope, plan: Plan, trace: Trace = {}): Promise<BulkOutcome> {
  const { existing: { arn }, result, restores, gives, repeats, warnings } = plan
  const { name, tags } = gives
  if (repeats) return createItem(scope, gives)
  if (restores) await take(trace, 'restored', {}, async () => restoreSecret(scope, name))
  if (tags !== undefined) await take(trace, 'tagged', {}, async () => tagSecret(scope, name, tags))
  const versionId = isUpdate(gives) ? await update(scope, await withValue(scope, gives), trace) : plan.versionId
  return compact({ name, result, arn, versionId, warnings })
}

async function withValue (scope: Scope, item: BulkItem): Promise<BulkItem> {
  return item.generate === undefined ? item : { ...item, value: { SecretString: await randomPassword(scope, item.generate) } }
}

async function update (scope: Scope, item: BulkItem, trace: Trace): Promise<string | undefined> {
  const { name, generate, value, description, kmsKeyId } = item
  const token = updateToken(scope, name)
  const versionId = value === undefined ? undefined : token
  try {
    const written = await take(trace, 'updated', { versionId }, async () =>
      updateSecret(forPurpose(scope, 'update'), name, compact({ value, description, kmsKeyId })))
    if (versionId !== undefined) await assertLabelled(scope, name, versionId)
    return written.versionId
  } catch (error) {
    // Two runs of the same request at once.
    if (generate !== undefined && token !== undefined && isProblem(error, 'idempotency-conflict')) return token
    throw error
  }
}

/** AWS answers a repeated update as if it had been done, also where its version is long replaced. */
async function assertLabelled (scope: Scope, name: BulkItem['name'], versionId: string): Promise<void> {
  const { versions = {} } = await describeSecret(scope, name)
  if (versions[versionId] === undefined) throw new Problem('idempotency-key-spent')
}
