import { limits } from '../../aws-model.ts'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { Secret } from '../store/secrets.ts'
import type { Store } from '../store/store.ts'
import { deleteTag, storeTags, tagsOf } from '../store/tags.ts'

/** A tag as a request gives it: AWS's model asks for neither member. */
type TagInput = Input<'TagResource'>['Tags'][number]

/**
 * Attaches tags, each in the place of an earlier one with its key; throws InvalidParameterException where AWS's rules for tags
 * are broken.
 */
export function attachTags (store: Store, secret: Secret, tags: readonly TagInput[]): void {
  if (tags.length === 0) return
  const attached = new Map<string, string>()
  for (const { Key, Value = '' } of tags) {
    if (Key === undefined) throw errors.tagKeyMissing()
    checkKey(Key)
    if (attached.has(Key)) throw errors.duplicateTagKey(Key)
    attached.set(Key, Value)
  }
  const keys = new Set([...(tagsOf(store, secret) ?? []).map(({ Key }) => Key), ...attached.keys()])
  if (keys.size > limits.tagsPerSecret) throw errors.tooManyTags(limits.tagsPerSecret)
  storeTags(store, secret, Array.from(attached, ([Key, Value]) => ({ Key, Value })))
}

/** Detaches the tags with these keys; throws InvalidParameterException for a key that AWS keeps to itself. */
export function detachTags (store: Store, secret: Secret, keys: readonly string[]): void {
  for (const key of keys) {
    checkKey(key)
    deleteTag(store, secret, key)
  }
}

function checkKey (key: string): void {
  if (/^aws:/i.test(key)) throw errors.systemTag(key)
}
