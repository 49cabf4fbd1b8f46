import { tokens } from '#test/helper'
import type { Attack } from './attack.ts'

const refused = { status: 400, code: 'invalid-request' }
const unauthenticated = { status: 401, code: 'unauthenticated' }
const valid: [string, string] = ['Authorization', `Bearer ${tokens.administrator}`]

/** Attacks with forwarding headers from a client that is not a trusted proxy. */
export const forwardingAttacks = (): Record<string, Attack> => ({
  'X-Forwarded-For': { request: { headers: [valid, ['X-Forwarded-For', '10.0.0.1']] }, expected: refused },
  'an empty X-Forwarded-For': { request: { headers: [valid, ['X-Forwarded-For', '']] }, expected: refused },
  'two X-Forwarded-For headers': { request: { headers: [valid, ['X-Forwarded-For', '10.0.0.1'], ['x-forwarded-for', '127.0.0.1']] }, expected: refused },
  'X-Forwarded-Host': { request: { headers: [valid, ['X-Forwarded-Host', 'evil.example']] }, expected: refused },
  'X-Forwarded-Proto': { request: { headers: [valid, ['X-Forwarded-Proto', 'https']] }, expected: refused },
  Forwarded: { request: { headers: [valid, ['Forwarded', 'for=10.0.0.1;proto=https']] }, expected: refused },
  'X-Forwarded-For without a token': { request: { headers: [['X-Forwarded-For', '127.0.0.1']] }, expected: refused },
  'X-Forwarded-For on a public route': { request: { path: '/health/live', headers: [['X-Forwarded-For', '127.0.0.1']] }, expected: refused },
  'a client certificate in X-Forwarded-Client-Cert': {
    request: { headers: [['X-Forwarded-Client-Cert', 'By=spiffe://example.org/gateway;URI=spiffe://example.org/payments']] },
    expected: refused
  },
  'a client certificate in X-SSL-Client-Verify': {
    request: { headers: [['X-SSL-Client-Verify', 'SUCCESS'], ['X-SSL-Client-S-DN', 'CN=payments.example.org'], ['SSL-Client-Cert', 'x']] },
    expected: unauthenticated
  }
})
