import fc from 'fast-check'
import t from 'tap'
import { fromETag, matchesETag, toETag } from '#src/http/etag'
import { preconditionOf } from '#src/http/preconditions'

t.test('any version ID becomes a valid entity tag (RFC 9110) and can be recovered from it', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }), (versionId) => {
    const tag = toETag(versionId)
    return /^"[!#-~]*"$/.test(tag) && fromETag(tag.slice(1, -1)) === versionId && matchesETag(`W/"x", ${tag}`, versionId)
  }))
  t.notOk(matchesETag('"other"', 'a'))
  t.notOk(matchesETag(undefined, 'a'))
})

t.test('parses the precondition of a write', async (t) => {
  t.same(preconditionOf({}), {})
  t.same(preconditionOf({ 'if-match': '*' }), { present: true })
  t.same(preconditionOf({ 'if-none-match': '*' }), { absent: true })
  t.same(preconditionOf({ 'if-match': '"v"' }), { present: true, versionId: 'v' })
  t.same(preconditionOf({ 'if-match': 'W/"v"' }), { present: true, versionId: '' }, 'a weak tag matches no version')
  for (const tag of ['v', '"a","b"', '', '""x']) t.throws(() => preconditionOf({ 'if-match': tag }), { code: 'invalid-request' })
})
