import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { readClaim } from '#src/aws-protocol/signature'

const headers = {
  host: 'localhost',
  'x-amz-date': '20261201T120000Z',
  authorization: 'AWS4-HMAC-SHA256 Credential=AKIADEV/20261201/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host;x-amz-date, ' +
    `Signature=${'0'.repeat(64)}`
}
const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
const request = { headers, headersDistinct } as unknown as IncomingMessage

t.test('a signature is valid for exactly five minutes before and after its date', async (t) => {
  const readAt = (now: number): unknown => readClaim(request, {
    service: 'secretsmanager', find: () => ({ secretAccessKey: 's', principal: 'p' }), now: () => now
  })
  const [signed, skew] = [Date.parse('2026-12-01T12:00:00Z'), 5 * 60_000]
  for (const now of [signed - skew, signed + skew]) t.match(readAt(now), { accessKey: { principal: 'p' } })
  t.throws(() => readAt(signed + skew + 1), { message: 'Signature expired: 20261201T120000Z is now earlier than 20261201T120000Z.' })
  t.throws(() => readAt(signed - skew - 1), { message: 'Signature not yet current: 20261201T120000Z is still later than 20261201T115959Z.' })
})
