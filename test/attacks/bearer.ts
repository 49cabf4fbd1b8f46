import { hashToken } from '#src/authentication/api-keys'
import { tokens } from '#test/helper'
import { secretPath, type Attack } from './attack.ts'

const unauthenticated = { status: 401, code: 'unauthenticated' }
const invalid = { status: 400, code: 'invalid-request' }
const good = `Bearer ${tokens.administrator}`

const withHeaders = (...headers: [string, string][]): Pick<Attack, 'request'> => ({ request: { headers } })

/** Attacks with API keys, and with malformed or misplaced tokens. */
export const bearerAttacks = (): Record<string, Attack> => ({
  'no token': { ...withHeaders(), expected: unauthenticated },
  'an empty token': { ...withHeaders(['Authorization', 'Bearer ']), expected: unauthenticated },
  'an unknown token': { ...withHeaders(['Authorization', 'Bearer sgw_administrator.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']), expected: unauthenticated },
  'an expired key': { ...withHeaders(['Authorization', `Bearer ${tokens.expired}`]), expected: unauthenticated },
  'a truncated key': { ...withHeaders(['Authorization', good.slice(0, -1)]), expected: unauthenticated },
  'a key with an additional character': { ...withHeaders(['Authorization', `${good}x`]), expected: unauthenticated },
  'a key in upper case': { ...withHeaders(['Authorization', `Bearer ${tokens.administrator.toUpperCase()}`]), expected: unauthenticated },
  'the hash of a key': { ...withHeaders(['Authorization', `Bearer ${hashToken(tokens.administrator).slice('sha256:'.length)}`]), expected: unauthenticated },
  'the ID of a key': { ...withHeaders(['Authorization', 'Bearer administrator']), expected: unauthenticated },
  'Basic authentication with a key as the password': {
    ...withHeaders(['Authorization', `Basic ${Buffer.from(`administrator:${tokens.administrator}`).toString('base64')}`]),
    expected: unauthenticated
  },
  'a key under another scheme': { ...withHeaders(['Authorization', `Token ${tokens.administrator}`]), expected: unauthenticated },
  'a key without a scheme': { ...withHeaders(['Authorization', tokens.administrator]), expected: unauthenticated },
  'two schemes': { ...withHeaders(['Authorization', `Bearer ${good}`]), expected: unauthenticated },
  'two tokens in one header': { ...withHeaders(['Authorization', `${good}, Bearer ${tokens.reader}`]), expected: unauthenticated },
  'two Authorization headers, the first valid': { ...withHeaders(['Authorization', good], ['Authorization', 'Bearer x']), expected: invalid },
  'two Authorization headers, the second valid': { ...withHeaders(['Authorization', 'Bearer x'], ['authorization', good]), expected: invalid },
  'two Authorization headers, one empty': { ...withHeaders(['Authorization', ''], ['Authorization', good]), expected: invalid },
  'a key in the query': { request: { path: `${secretPath}?access_token=${tokens.administrator}` }, expected: unauthenticated },
  'a key in a cookie': { ...withHeaders(['Cookie', `token=${tokens.administrator}`]), expected: unauthenticated },
  'a key in X-Api-Key': { ...withHeaders(['X-Api-Key', tokens.administrator]), expected: unauthenticated },
  'a key in Proxy-Authorization': { ...withHeaders(['Proxy-Authorization', good]), expected: unauthenticated },
  'a key in the body': {
    request: { method: 'PUT', headers: [['Content-Type', 'application/x-www-form-urlencoded']], body: `access_token=${tokens.administrator}` },
    expected: unauthenticated
  },
  'a key on a continuation line': { ...withHeaders(['Authorization', `Bearer\r\n ${tokens.administrator}`]), expected: { status: 400, code: 'malformed-request' } },
  'a key after a NUL': { ...withHeaders(['Authorization', `Bearer \0${tokens.administrator}`]), expected: { status: 400, code: 'malformed-request' } },
  'a token of 8,193 characters': { ...withHeaders(['Authorization', `Bearer ${'x'.repeat(8_193)}`]), expected: unauthenticated },
  'a token of 20,000 characters': { ...withHeaders(['Authorization', `Bearer ${'x'.repeat(20_000)}`]), expected: { status: 431, code: 'headers-too-large' } },
  'request smuggling': {
    request: { method: 'POST', path: '/health/live', headers: [['Content-Length', '4'], ['Transfer-Encoding', 'chunked']], body: `0\r\n\r\nGET ${secretPath} HTTP/1.1\r\n\r\n` },
    expected: { status: 400, code: 'malformed-request' }
  },
  'a header with the name of a caller': { ...withHeaders(['X-Remote-User', 'administrator'], ['X-Authenticated-Userid', 'administrator']), expected: unauthenticated },
  'a header with another method': { ...withHeaders(['X-HTTP-Method-Override', 'OPTIONS']), expected: unauthenticated },
  'an unknown path': { request: { path: '/environments/dev/secrets/canary/value/..' }, expected: { status: 404, code: 'not-found' } }
})
