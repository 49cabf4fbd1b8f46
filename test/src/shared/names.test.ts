import { createHash } from 'node:crypto'
import t from 'tap'
import { createNames } from '#src/shared/names'

const key = Buffer.alloc(32, 'k')
const names = createNames({ fleet: 'production', key })
const others = createNames({ fleet: 'production', key: Buffer.alloc(32, 'o') })

t.test('the keys of a fleet have a common hash tag', async (t) => {
  t.equal(names.key('limits', 'caller'), '{production}:limits:caller')
})

t.test('a hidden name reveals nothing without the key', async (t) => {
  const hidden = names.hidden('caller', 'deploy-bot')
  t.match(hidden, /^[\w-]{22}$/)
  t.equal(hidden, names.hidden('caller', 'deploy-bot'), 'all replicas compute the same one')
  t.not(hidden, names.hidden('claim', 'deploy-bot'), 'the purpose is part of it')
  t.not(hidden, others.hidden('caller', 'deploy-bot'))
  for (const algorithm of ['md5', 'sha1', 'sha256']) {
    for (const encoding of ['hex', 'base64url'] as const) t.notMatch(createHash(algorithm).update('deploy-bot').digest(encoding), hidden)
  }
})

t.test('a message has a code', async (t) => {
  const signed = names.signed('channel', 'message')
  t.equal(names.verified('channel', signed), 'message')
  t.equal(names.verified('another', signed), undefined, 'the channel is part of it')
  t.equal(others.verified('channel', signed), undefined)
  t.equal(names.verified('channel', `${signed}!`), undefined)
  for (const text of ['', 'short', 'é'.repeat(30)]) t.equal(names.verified('channel', text), undefined, text)
})
