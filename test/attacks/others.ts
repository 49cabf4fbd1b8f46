import { setTimeout as wait } from 'node:timers/promises'
import { tokens } from '#test/helper'
import { secretPath, type Attack, type World } from './attack.ts'

const hidden = { status: 404, code: 'not-found' }
const forbidden = { status: 403, code: 'forbidden' }

const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`]

/** A job of the administrator's, which has ended. */
async function startJob ({ plain }: World): Promise<string> {
  const { headers } = await plain.send('POST', '/environments/dev/secrets', {
    headers: { prefer: 'respond-async', 'idempotency-key': 'job-of-another' }, json: { secretNames: ['made-by-a-job'] }
  })
  const path = headers.get('location') ?? ''
  while ((await plain.send('GET', path)).json.state !== 'ended') await wait(5)
  return path
}

/** What is there for one caller, and asked for by another: jobs, results that are repeated, whatever is kept to be faster. */
export async function othersAttacks (world: World): Promise<Record<string, Attack>> {
  const { plain, corp } = world
  const job = await startJob(world)
  const valid = await corp.token({}, { typ: 'at+jwt' })
  const [header, payload, signature = ''] = valid.split('.')
  const stolen = `${header ?? ''}.${payload ?? ''}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  const write = { method: 'PUT', path: '/environments/dev/secrets/repeated', body: '{"value":"x"}' }
  const repeated = [['Content-Type', 'application/json'], ['Idempotency-Key', 'write-of-another']] as const
  const warm = async (): Promise<void> => { await plain.send('GET', secretPath) }

  return {
    'another\'s job': { request: { path: job, headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'the course of another\'s job': { request: { path: `${job}/events`, headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'another\'s job, to be cancelled': { request: { method: 'DELETE', path: job, headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'another\'s job, without a token': { request: { path: job }, expected: { status: 401, code: 'unauthenticated' } },
    'a job that does not exist': { request: { path: '/jobs/none', headers: [bearer(tokens.pipeline)] }, expected: hidden },
    'another\'s idempotent write, by a reader': {
      request: { ...write, headers: [bearer(tokens.reader), ...repeated] },
      expected: forbidden,
      prepare: async () => { await plain.send('PUT', write.path, { headers: { 'idempotency-key': 'write-of-another' }, json: { value: 'x' } }) }
    },
    'another\'s idempotent job, by a reader': {
      request: {
        method: 'POST',
        path: '/environments/dev/secrets',
        headers: [bearer(tokens.reader), ['Content-Type', 'application/json'], ['Idempotency-Key', 'job-of-another'], ['Prefer', 'respond-async']],
        body: '{"secretNames":["made-by-a-job"]}'
      },
      expected: forbidden
    },
    'what another has just read, by a writer': { request: { headers: [bearer(tokens.writer)] }, expected: forbidden, prepare: warm },
    'what another has just read, by a stranger': { request: { headers: [bearer(tokens.stranger)] }, expected: hidden, prepare: warm },
    'what another has just read, without a token': { request: {}, expected: { status: 401, code: 'unauthenticated' }, prepare: warm },
    'the claims of a token that has just been verified, under another signature': {
      request: { headers: [bearer(stolen)] },
      expected: { status: 401, code: 'unauthenticated' },
      prepare: async () => { await plain.send('GET', secretPath, { token: valid }) }
    }
  }
}
