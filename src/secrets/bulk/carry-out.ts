import { untilShown } from '#src/aws/eventual-consistency'
import type { SecretMetadata } from '#src/aws/secret'
import { compact } from '#src/json/compact'
import { isProblem, Problem } from '#src/problems/problem'
import { generateContent } from '#src/secrets/generate'
import { findSecret } from '#src/secrets/metadata'
import { assertMay, type Scope } from '#src/secrets/scope'
import { tagSecret } from '#src/secrets/tags'
import { earlierRun, forPurpose, newVersionId, updatedVersionId } from '#src/secrets/tokens'
import { restoreSecret } from '#src/secrets/deletion'
import { createSecret, updateSecret } from '#src/secrets/write'
import type { BulkItem } from './items.ts'
import { forItem, isUpdate, planExisting, visibleArn, type BulkOutcome, type Conflicts, type Plan } from './plan.ts'

/** The steps taken on a secret. Steps whose response was lost are included, because AWS may have carried them out. */
export interface Trace {
  /** `versionId` is the ID of the version with the secret's value. `unsure` is true until AWS has responded. */
  created?: { versionId?: string | undefined, unsure?: true }
  restored?: object
  tagged?: object
  updated?: { versionId?: string | undefined }
}

/** Carries out a step, and records it in the trace. If the step has certainly failed, removes it from the trace. */
async function traced<Step extends keyof Trace, T> (
  trace: Trace, step: Step, mark: Trace[Step], work: () => Promise<T>
): Promise<T> {
  trace[step] = mark
  try {
    return await work()
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- one of four known keys
    if (error instanceof Problem && isCertain(error)) delete trace[step]
    throw error
  }
}

/** Returns true if the step that ended with this problem has certainly not been carried out. */
const isCertain = ({ status, options: { failure } }: Problem): boolean => status < 500 && failure === undefined

/**
 * Creates the secret or, if it exists, changes it as requested. It tries to create the secret first, because in an empty
 * environment this saves a call for each secret.
 *
 * @throws Problem for the same reasons as `planExisting` and `changeItem`
 */
export async function createOrChangeItem (scope: Scope, item: BulkItem, conflicts: Conflicts): Promise<BulkOutcome> {
  try {
    return await createItem(scope, item)
  } catch (error) {
    if (!isProblem(error, 'secret-exists') && !isProblem(error, 'secret-pending-deletion')) throw error
    const existing = await findRefused(scope, item, error)
    if (existing !== undefined) return changeItem(scope, await planExisting(scope, item, existing, conflicts))
    // The name is not free yet, because AWS has not finished a deletion without recovery.
    if (isProblem(error, 'secret-pending-deletion')) throw error
    // The secret was deleted without recovery in the meantime.
    return createItem(scope, item)
  }
}

/**
 * Finds the secret that made AWS refuse a creation. While AWS's description contradicts the refusal, it may be outdated, and AWS
 * is called again.
 */
async function findRefused (scope: Scope, { name }: BulkItem, refusal: unknown): Promise<SecretMetadata | undefined> {
  const isDeleted = isProblem(refusal, 'secret-pending-deletion')
  return untilShown(scope, async (isLast) => {
    const found = await findSecret(scope, name)
    return isLast || (found !== undefined && (found.state === 'pending-deletion') === isDeleted) ? found : undefined
  })
}

/**
 * Determines the result of an item whose value only another process knew.
 *
 * @param wasBegun true if AWS may have carried out the item's changes; if so, the secret's versions show whether it did
 * @throws Problem `forbidden`, and any AWS error
 */
export async function findWithheld (scope: Scope, item: BulkItem, wasBegun: boolean): Promise<BulkOutcome> {
  const { name } = item
  assertMay(scope, 'CreateSecret', name)
  const existing = wasBegun ? await findSecret(scope, name) : undefined
  const written = existing && earlierRun(forItem(scope, item), name, (versionId) => existing.versions?.[versionId] !== undefined)
  if (existing === undefined || written === undefined) return { name, result: 'not-started', problem: new Problem('value-needed') }
  return { name, arn: existing.arn, ...written }
}

/** Creates the secret. @throws Problem `secret-exists`, `secret-pending-deletion`, and any AWS error */
export async function createItem (given: Scope, item: BulkItem, trace: Trace = {}): Promise<BulkOutcome> {
  const scope = forItem(given, item)
  const ownVersionId = newVersionId(scope, item.name)
  const input = await withContent(scope, item)
  const versionId = input.content === undefined ? undefined : ownVersionId
  try {
    const written = await traced(trace, 'created', { versionId, unsure: true }, async () => createSecret(scope, item.name, input))
    trace.created = { versionId: written.versionId }
    return { ...written, name: item.name, result: 'created' }
  } catch (error) {
    if (item.generate === undefined || ownVersionId === undefined || !isProblem(error, 'idempotency-conflict')) throw error
    // An earlier run created the secret with the value that was generated then. That value stays, and the new one is discarded.
    const { arn } = await scope.aws.describeSecret(scope, item.name)
    return { name: item.name, result: 'created', arn, versionId: ownVersionId }
  }
}

/** Applies the plan to an existing secret. @throws Problem `idempotency-key-spent`, and any AWS error */
export async function changeItem (scope: Scope, plan: Plan, trace: Trace = {}): Promise<BulkOutcome> {
  const { existing: { arn }, result, restores, changes, repeats } = plan
  const { name, tags } = changes
  if (repeats) return createItem(scope, changes)
  const restored = restores ? await traced(trace, 'restored', {}, async () => restoreSecret(scope, name)) : undefined
  if (tags !== undefined) await traced(trace, 'tagged', {}, async () => tagSecret(scope, name, tags))
  const versionId = isUpdate(changes) ? await update(scope, await withContent(scope, changes), trace) : plan.versionId
  const warnings = [...plan.warnings ?? [], ...restored?.warnings ?? []]
  const isWritten = result === 'created' || restored !== undefined || versionId !== undefined
  return compact({
    name,
    result,
    arn: isWritten ? arn : visibleArn(scope, plan),
    versionId,
    warnings: warnings.length > 0 ? warnings : undefined
  })
}

async function withContent (scope: Scope, item: BulkItem): Promise<BulkItem> {
  return item.generate === undefined ? item : { ...item, content: await generateContent(scope, item.generate) }
}

async function update (given: Scope, item: BulkItem, trace: Trace): Promise<string | undefined> {
  const scope = forItem(given, item)
  const { name, generate, content, description, kmsKeyId } = item
  const ownVersionId = updatedVersionId(scope, name)
  const versionId = content === undefined ? undefined : ownVersionId
  try {
    const written = await traced(trace, 'updated', { versionId }, async () =>
      updateSecret(forPurpose(scope, 'update'), name, compact({ content, description, kmsKeyId })))
    if (versionId !== undefined) await assertLabelled(scope, name, versionId)
    return written.versionId
  } catch (error) {
    // A concurrent run of the same request has written a different generated value, which stays.
    if (generate !== undefined && ownVersionId !== undefined && isProblem(error, 'idempotency-conflict')) return ownVersionId
    throw error
  }
}

/**
 * Checks that an update's new version still has a staging label. If an update is repeated, AWS reports success even if the
 * version from the first time was replaced long ago.
 *
 * @throws Problem `idempotency-key-spent`, and any AWS error
 */
async function assertLabelled (scope: Scope, name: BulkItem['name'], versionId: string): Promise<void> {
  const { versions = {} } = await scope.aws.describeSecret(scope, name)
  if (versions[versionId] === undefined) throw new Problem('idempotency-key-spent')
}
