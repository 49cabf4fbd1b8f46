import t from 'tap'
import { Sha256 } from '#src/aws/sha256'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

t.test('a hash without a key, and after a reset', async (t) => {
  const hash = new Sha256()
  hash.update(bytes('a'))
  hash.reset()
  hash.update(bytes('ab'))
  hash.update(bytes('c'))
  t.equal(hex(await hash.digest()), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

t.test('an HMAC with a key of each type, and after a reset (RFC 4231, test case 2)', async (t) => {
  const view = new Uint8Array(bytes('(Jefe)')).subarray(1, 5)
  for (const key of ['Jefe', bytes('Jefe'), view, new Uint8Array(bytes('Jefe')).buffer]) {
    const hash = new Sha256(key)
    hash.update(bytes('something else'))
    hash.reset()
    hash.update(bytes('what do ya want for nothing?'))
    t.equal(hex(await hash.digest()), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  }
})
