import { tokens } from '#test/helper'
import { until } from '#test/until'
import { secretPath, type Attack, type World } from './attack.ts'

const hidden = { status: 404, code: 'not-found' }
const forbidden = { status: 403, code: 'forbidden' }

const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`]

/** Starts a job as the administrator, waits until it has ended, and returns its path. */
async function startJob ({ plain }: World): Promise<string> {
  const { headers } = await plain.send('POST', '/environments/dev/secrets', {
    headers: { prefer: 'respond-async', 'idempotency-key': 'job-of-another' }, json: { secretNames: ['made-by-a-job'] }
  })
  const path = headers.get('location') ?? ''
  await until(async () => (await plain.send('GET', path)).json.state === 'ended')
  return path
}

/** Attacks on another caller's jobs, idempotency keys and cached results. */
export async function othersAttacks (world: World): Promise<Record<string, Attack>> {
  const { plain, corp } = world
  const job = await startJob(world)
  const valid = await corp.token({}, { typ: 'at+jwt' })
  const [header, payload, signature = ''] = valid.split('.')
  const forged = `${header ?? ''}.${payload ?? ''}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  const write = { method: 'PUT', path: '/environments/dev/secrets/repeated', body: '{"value":"x"}' }
  const repeated = [['Content-Type', 'application/json'], ['Idempotency-Key', 'write-of-another']] as const
  const warm = async (): Promise<void> => { await plain.send('GET', secretPath) }

  return {
    'another caller\'s job': { request: { path: job, headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'the events of another caller\'s job': { request: { path: `${job}/events`, headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'cancelling another caller\'s job': { request: { method: 'DELETE', path: job, headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'another caller\'s job, without a token': { request: { path: job }, expected: { status: 401, code: 'unauthenticated' } },
    'a job that does not exist': { request: { path: '/jobs/none', headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'repeating another caller\'s write with its idempotency key': {
      request: { ...write, headers: [bearer(tokens.reader), ...repeated] },
      expected: forbidden,
      prepare: async () => { await plain.send('PUT', write.path, { headers: { 'idempotency-key': 'write-of-another' }, json: { value: 'x' } }) }
    },
    'repeating another caller\'s job with its idempotency key': {
      request: {
        method: 'POST',
        path: '/environments/dev/secrets',
        headers: [bearer(tokens.reader), ['Content-Type', 'application/json'], ['Idempotency-Key', 'job-of-another'], ['Prefer', 'respond-async']],
        body: '{"secretNames":["made-by-a-job"]}'
      },
      expected: forbidden
    },
    'a secret that another caller has just read, by a writer': { request: { headers: [bearer(tokens.writer)] }, expected: forbidden, prepare: warm },
    'a secret that another caller has just read, by a stranger': { request: { headers: [bearer(tokens.stranger)] }, expected: hidden, prepare: warm },
    'a secret that another caller has just read, without a token': { request: {}, expected: { status: 401, code: 'unauthenticated' }, prepare: warm },
    'the claims of a token that has just been verified, with another signature': {
      request: { headers: [bearer(forged)] },
      expected: { status: 401, code: 'unauthenticated' },
      prepare: async () => { await plain.send('GET', secretPath, { token: valid }) }
    }
  }
}
