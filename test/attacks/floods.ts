import { configFrom } from '#src/config/config'
import { declared, tokens } from '#test/helper'
import type { RawRequest } from '#test/raw'
import { secretPath, type Attack, type World } from './attack.ts'

const limited = { status: 429, code: 'rate-limited' }
const bad: [string, string] = ['Authorization', 'Bearer sgw_administrator.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB']

/** Requests beyond the limits: to be made last, after many that were counted. */
export function floodAttacks ({ plain }: World): Record<string, Attack> {
  const { config } = plain.fastify
  const one = { requestsPerSecond: 1 / 3_000, burst: 1 }
  const lower = (): void => {
    config.replace({ ...config.current, limits: configFrom({ ...declared, limits: { ...one, unauthenticated: one } }).limits })
  }
  const reader = (request: RawRequest): RawRequest => ({ ...request, headers: [['Authorization', `Bearer ${tokens.reader}`], ...request.headers ?? []] })
  const login = { method: 'POST', path: '/auth/aws/login', headers: [['Content-Type', 'application/json']] as const, body: '{"headers":{}}' }
  const requests: Record<string, RawRequest> = {
    'one more bad token': { headers: [bad] },
    'one more request without a token': {},
    'from another address, as X-Real-IP says': { headers: [bad, ['X-Real-IP', '10.0.0.1'], ['True-Client-IP', '10.0.0.1'], ['X-Client-IP', '10.0.0.1']] },
    'one more login': login,
    'a login with a token': { ...login, headers: [...login.headers, bad] },
    'one more request of a caller': reader({}),
    'a caller\'s request by another method': reader({ method: 'PUT', headers: [['Content-Type', 'application/json']], body: '{"value":"x"}' }),
    'a caller\'s request for another environment': reader({ path: '/environments/prod' }),
    'a caller\'s request with another query': reader({ path: `${secretPath}?field=${Date.now()}` }),
    'a caller\'s request with a header that names another': reader({ headers: [['X-Remote-User', 'administrator'], ['X-Request-Id', 'another']] })
  }
  const attacks = Object.entries(requests).map(([what, request]): [string, Attack] => [`flood: ${what}`, { request, expected: limited, prepare: lower }])
  return {
    ...Object.fromEntries(attacks),
    'flood: from another address, as X-Forwarded-For says': {
      request: { headers: [bad, ['X-Forwarded-For', '10.0.0.1']] }, expected: { status: 400, code: 'invalid-request' }, prepare: lower
    }
  }
}
