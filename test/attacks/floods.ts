import { configFrom } from '#src/config/config'
import { declared, tokens } from '#test/helper'
import type { RawRequest } from '#test/raw'
import { secretPath, type Attack, type World } from './attack.ts'

const limited = { status: 429, code: 'rate-limited' }
const bad: [string, string] = ['Authorization', 'Bearer sgw_administrator.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB']

/**
 * Requests beyond the rate limits. Before each request, the limits are lowered until the earlier attacks have already used them
 * up. The limits are not restored, so these attacks must come last.
 */
export function floodAttacks ({ plain }: World): Record<string, Attack> {
  const { config } = plain.fastify
  const one = { requestsPerSecond: 1 / 3_000, burst: 1 }
  const lowerLimits = (): void => {
    config.replace({ ...config.current, limits: configFrom({ ...declared, limits: { ...one, unauthenticated: one } }).limits })
  }
  const reader = (request: RawRequest): RawRequest => ({ ...request, headers: [['Authorization', `Bearer ${tokens.reader}`], ...request.headers ?? []] })
  const login = { method: 'POST', path: '/auth/aws/login', headers: [['Content-Type', 'application/json']] as const, body: '{"headers":{}}' }
  const requests: Record<string, RawRequest> = {
    'another invalid token': { headers: [bad] },
    'another request without a token': {},
    'a forged address in X-Real-IP': { headers: [bad, ['X-Real-IP', '10.0.0.1'], ['True-Client-IP', '10.0.0.1'], ['X-Client-IP', '10.0.0.1']] },
    'another login': login,
    'a login with a token': { ...login, headers: [...login.headers, bad] },
    'another request of a caller': reader({}),
    'a caller\'s request with another method': reader({ method: 'PUT', headers: [['Content-Type', 'application/json']], body: '{"value":"x"}' }),
    'a caller\'s request for another environment': reader({ path: '/environments/prod' }),
    'a caller\'s request with another query': reader({ path: `${secretPath}?field=${Date.now()}` }),
    'a caller\'s request with the name of another caller in a header': reader({ headers: [['X-Remote-User', 'administrator'], ['X-Request-Id', 'another']] })
  }
  const attacks = Object.entries(requests).map(([title, request]): [string, Attack] => [`flood: ${title}`, { request, expected: limited, prepare: lowerLimits }])
  return {
    ...Object.fromEntries(attacks),
    'flood: a forged address in X-Forwarded-For': {
      request: { headers: [bad, ['X-Forwarded-For', '10.0.0.1']] }, expected: { status: 400, code: 'invalid-request' }, prepare: lowerLimits
    }
  }
}
