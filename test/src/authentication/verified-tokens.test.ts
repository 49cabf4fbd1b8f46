import t from 'tap'
import { caller } from '#src/authentication/caller'
import { unauthenticated } from '#src/authentication/refusal'
import { cacheVerified, type CachingVerifier } from '#src/authentication/verified-tokens'

t.test('a verified token is cached for a minute, and not beyond its expiry', async (t) => {
  let verified = 0
  let time = 0
  const verify = cacheVerified(async (token) => {
    verified++
    if (token === 'bad') throw unauthenticated('bad')
    return { caller: caller('oidc', `corp:${token}`), expires: token === 'short' ? 10_000 : 100_000 }
  }, () => time)
  const times = async (token: string, now: number, elapsed = now): Promise<number> => {
    const before = verified
    time = elapsed
    await Promise.resolve(verify(token, now, '')).catch(() => undefined)
    return verified - before
  }
  t.equal(await times('a', 0), 1)
  t.equal(await times('a', 59_999), 0)
  t.equal(await times('a', 60_000), 1)
  t.equal(await times('a', 99_999), 0)
  t.equal(await times('a', 100_000), 1, 'an expired token is verified again')
  t.equal(await times('ahead', 0, 200_000), 1)
  t.equal(await times('ahead', 90_000, 259_999), 0, 'a clock that is set ahead does not end the minute')
  t.equal(await times('ahead', -90_000, 259_999), 0, 'nor does one that is set back')
  t.equal(await times('ahead', -90_000, 260_000), 1, 'nor does it prolong the minute')
  t.equal(await times('ahead', 100_000, 260_000), 1, 'the expiry is a date')
  t.equal(await times('short', 0), 1)
  t.equal(await times('short', 9_999), 0)
  t.equal(await times('short', 10_000), 1)
  t.equal(await times('bad', 0), 1)
  t.equal(await times('bad', 0), 1, 'a refusal is not cached')
  t.equal((await verify('b', 0, '')).caller.id, 'corp:b', 'tokens are not confused')
})

/** Creates a cache whose tokens are `CALLER TOKEN`. `verifications` returns the number of verifications of a token: 0 or 1. */
function start (): { verify: CachingVerifier, verifications: (token: string) => Promise<number> } {
  let verified = 0
  const verify = cacheVerified(async (token) => {
    verified++
    return { caller: caller('oidc', token.split(' ')[0] ?? ''), expires: Infinity }
  }, () => 0)
  return {
    verify,
    async verifications (token) {
      verified = 0
      await verify(token, 0, '')
      return verified
    }
  }
}

t.test('the cache is bounded', async (t) => {
  const { verify, verifications } = start()
  for (let index = 0; index <= 10_000; index++) await verify(`caller${index} token`, 0, '')
  t.equal(await verifications('caller10000 token'), 0)
  t.equal(await verifications('caller0 token'), 1, 'the least recently used token was evicted')
})

t.test('a caller with many tokens evicts its own tokens, not those of other callers', async (t) => {
  const { verify, verifications } = start()
  await verify('quiet token', 0, '')
  for (let index = 0; index < 12_000; index++) await verify(`greedy ${index}`, 0, '')
  t.equal(await verifications('quiet token'), 0)
  t.equal(await verifications('greedy 11900'), 0)
  t.equal(await verifications('greedy 11899'), 1)
  t.equal(await verifications('greedy 11900'), 1, 'one token more replaces the oldest one')
  t.equal(await verifications('quiet token'), 0)
})
