import t, { type Test } from 'tap'
import { signedIdentity } from '#src/aws/signed-identity'

const request = { region: 'eu-central-1', serverId: 'gateway.test', nonce: 'n', now: Date.parse('2026-06-30T12:00:00Z') }
const keys = { AWS_ACCESS_KEY_ID: 'AKIAOFTHEUSER', AWS_SECRET_ACCESS_KEY: 'secret' }

/** Sets the environment variables of AWS's clients until the test ends. */
function set (t: Test, variables: Record<string, string>): void {
  const before = { ...process.env }
  t.teardown(() => { process.env = before })
  process.env = { ...Object.fromEntries(Object.entries(before).filter(([name]) => !name.startsWith('AWS_'))), AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none', ...variables }
}

t.test('permanent keys, for the endpoint of STS in the region', async (t) => {
  set(t, keys)
  const headers = await signedIdentity(request)
  t.match(headers, { host: 'sts.eu-central-1.amazonaws.com', 'x-amz-date': '20260630T120000Z', 'x-secrets-gateway-server-id': 'gateway.test' })
  t.match(headers.authorization, / Credential=AKIAOFTHEUSER\/20260630\/eu-central-1\/sts\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-secrets-gateway-nonce;x-secrets-gateway-server-id, /)
  t.notOk('x-amz-security-token' in headers)
  t.not((await signedIdentity({ ...request, nonce: 'other' })).authorization, headers.authorization)
})

t.test('temporary keys, whose token is signed as well, for another endpoint', async (t) => {
  set(t, { ...keys, AWS_SESSION_TOKEN: 'token', AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:4566' })
  const headers = await signedIdentity(request)
  t.match(headers, { host: '127.0.0.1:4566', 'x-amz-security-token': 'token' })
  t.match(headers.authorization, /SignedHeaders=[^,]*;x-amz-security-token;/)
})
