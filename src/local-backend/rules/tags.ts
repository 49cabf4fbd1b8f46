import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { owningServiceTag, type Secret } from '#src/local-backend/store/secrets'
import { deleteTag, storeTags, tagsOf } from '#src/local-backend/store/tags'
import type { CallContext } from './context.ts'

/** A tag in a request. AWS's API model makes both members optional. */
type TagInput = Input<'TagResource'>['Tags'][number]

/**
 * Attaches tags. A new tag replaces an existing tag that has the same key. System tags, whose keys start with `aws:`, are
 * reserved for AWS services and don't count towards the limit of 50 tags.
 *
 * @throws AwsError `InvalidParameterException` if the tags violate AWS's rules
 */
export function attachTags ({ store, caller }: CallContext, secret: Secret, tags: readonly TagInput[]): void {
  if (tags.length === 0) return
  const attached = new Map<string, string>()
  for (const { Key, Value = '' } of tags) {
    if (Key === undefined) throw errors.tagKeyMissing()
    checkKey(caller, Key)
    if (attached.has(Key)) throw errors.duplicateTagKey(Key)
    attached.set(Key, Value)
  }
  const keys = new Set([...(tagsOf(store, secret) ?? []).map(({ Key }) => Key), ...attached.keys()])
  for (const key of keys) if (isSystemTag(key)) keys.delete(key)
  if (keys.size > limits.tagsPerSecret) throw errors.tooManyTags(limits.tagsPerSecret)
  storeTags(store, secret, Array.from(attached, ([Key, Value]) => ({ Key, Value })))
}

/**
 * Detaches the tags with the given keys.
 *
 * @throws AwsError `InvalidParameterException` for the key of a system tag
 */
export function detachTags ({ store, caller }: CallContext, secret: Secret, keys: readonly string[]): void {
  for (const key of keys) {
    checkKey(caller, key)
    deleteTag(store, secret, key)
  }
}

/** Tags a new secret with the AWS service that created it. Does nothing if the caller isn't an AWS service. */
export function markOwner ({ store, caller }: CallContext, secret: Secret): void {
  const { service } = caller.principal
  if (service !== undefined) storeTags(store, secret, [{ Key: owningServiceTag, Value: service }])
}

function checkKey ({ principal }: CallContext['caller'], key: string): void {
  if (isSystemTag(key) && (principal.service === undefined || key === owningServiceTag)) throw errors.systemTag(key)
}

function isSystemTag (key: string): boolean {
  return /^aws:/i.test(key)
}
