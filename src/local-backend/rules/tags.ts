import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { owningServiceTag, type Secret } from '#src/local-backend/store/secrets'
import { deleteTag, storeTags, tagsOf } from '#src/local-backend/store/tags'
import type { CallContext } from './context.ts'

/** A tag as a request gives it: AWS's model asks for neither member. */
type TagInput = Input<'TagResource'>['Tags'][number]

/**
 * Attaches tags, each in the place of an earlier one with its key; throws InvalidParameterException where AWS's rules for tags
 * are broken. Those that AWS keeps to itself are for its services, and none of the 50 that a secret can have.
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

/** Detaches the tags with these keys; throws InvalidParameterException for a key that AWS keeps to itself. */
export function detachTags ({ store, caller }: CallContext, secret: Secret, keys: readonly string[]): void {
  for (const key of keys) {
    checkKey(caller, key)
    deleteTag(store, secret, key)
  }
}

/** Notes on a new secret which service makes it, if it is one. */
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
