import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { packedSize } from '#src/local-backend/sts/session-policy'

/** Text that can hardly be compressed. */
const noise = Array.from({ length: 400 }, (_, index) => ((index * 2_654_435_761) >>> 0).toString(36)).join('')

/** Returns a policy whose packed size is the given number of bytes. */
function policyOf (bytes: number): string {
  for (let length = 1; length <= noise.length; length++) {
    const policy = JSON.stringify({
      Version: '2012-10-17', Statement: [{ Sid: noise.slice(0, length), Effect: 'Allow', Action: '*', Resource: '*' }]
    })
    if (deflateRawSync(policy).length === bytes) return policy
  }
  throw new Error(`no policy has ${bytes} bytes`)
}

t.test('a packed policy has at most 1,024 bytes', async (t) => {
  t.equal(packedSize(undefined), undefined)
  t.equal(packedSize(policyOf(512)), 50)
  t.equal(packedSize(policyOf(513)), 51, 'rounded up')
  t.equal(packedSize(policyOf(1_024)), 100)
  t.throws(() => packedSize(policyOf(1_025)), { message: /^Packed policy consumes 101% of allotted space/ })
})
