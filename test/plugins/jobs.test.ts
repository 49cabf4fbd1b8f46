import t from 'tap'
import { hashToken, type ApiKey } from '#src/authentication/api-keys'
import { caller, type Caller, type Proof } from '#src/authentication/caller'
import type { Config } from '#src/config/config'
import type { Environment } from '#src/environments/environment'
import type { Job } from '#src/jobs/job'
import { createJobStore } from '#src/jobs/shared/store'
import type { JobOrigin } from '#src/jobs/shared/store-port'
import type { AuditRecord } from '#test/audit-trail'
import { startFleet } from '#test/fleet'
import { build, tokens } from '#test/helper'
import { skip } from '#test/redis'
import { connect } from '#test/src/jobs/forms'
import { quick } from '#test/src/jobs/requests'
import { until } from '#test/until'

const proofOf = (id: keyof typeof tokens): Proof => ({ method: 'api-key', id, hash: hashToken(tokens[id]) })

const origin: JobOrigin = {
  caller: caller('api-key', 'administrator', ['administrators']),
  proof: proofOf('administrator'),
  requestId: 'r',
  environment: 'dev',
  credentialId: 'dev-account'
}

t.test('a job that another replica has left continues with its caller\'s current permissions', { skip }, async (t) => {
  const { redis, replicas } = await startFleet(t, 2)
  const store = createJobStore(await connect(t, redis, { fleet: 'secrets-gateway' }), { key: Buffer.alloc(32, 'k'), now: Date.now })

  /** Starts a job as another replica would, leaves it, and waits for its end. Returns the job and its records. */
  async function leave (change: Partial<JobOrigin>): Promise<{ job: Job, records: AuditRecord[] }> {
    const from = { ...origin, ...change }
    const { job: { id }, owned } = await store.start(from, quick(1).plan())
    if (owned !== undefined) await store.release(owned)
    await until(async () => (await store.read(from.caller.id, id))?.state === 'ended', 100)
    const job = await store.read(from.caller.id, id)
    if (job === undefined) throw new Error('the job is gone')
    return { job, records: replicas.flatMap((replica) => replica.trail()).filter((record) => record.job === id) }
  }

  const administrators = (id: string): Caller => caller('api-key', id, ['administrators'])
  const gone = (proof: Proof): Partial<JobOrigin> => ({ caller: administrators(proof.id), proof })
  const refused: Record<string, [change: Partial<JobOrigin>, reason?: string]> = {
    'its group was taken away': [{ caller: administrators('reader'), proof: proofOf('reader') }],
    'no replica knows its environment': [{ environment: 'gone' }],
    'its environment does not allow its credential': [{ credentialId: 'prod-account' }],
    'its key was removed': [gone({ ...proofOf('administrator'), hash: hashToken('another') }), 'caller-gone'],
    'its key has expired': [gone(proofOf('expired')), 'caller-gone'],
    'its key belongs to another caller': [gone({ ...proofOf('administrator'), id: 'former' }), 'caller-gone'],
    'its issuer was removed': [gone({ method: 'oidc', id: 'corp:administrator', groups: ['administrators'], hash: 'sha256:0' }), 'caller-gone']
  }
  const joined = leave({ caller: caller('api-key', 'administrator') })
  await Promise.all(Object.entries(refused).map(async ([what, [change, reason]]) => {
    const { job, records } = await leave(change)
    t.match(job, { problem: { code: 'forbidden' }, done: 0 }, what)
    t.match(records, [{ event: 'denial', caller: { id: job.callerId }, status: 403, code: 'forbidden' }], what)
    t.equal(records[0].reason, reason, what)
  }))
  t.match((await joined).job, { counts: { created: 1 } }, 'its caller has joined a group since')
})

t.test('a job that runs while the configuration changes', async (t) => {
  const withKeys = (change: (key: ApiKey) => ApiKey[]) => ({ authentication }: Config): Partial<Config> =>
    ({ authentication: { ...authentication, apiKeys: authentication.apiKeys.flatMap((key) => key.id === 'administrator' ? change(key) : [key]) } })
  const withDev = (change: (dev: Environment) => Environment[]) => ({ environments }: Config): Partial<Config> =>
    ({ environments: new Map([...environments].flatMap(([name, one]): [string, Environment][] => (name === 'dev' ? change(one) : [one]).map((next) => [name, next]))) })
  const changes: Record<string, (config: Config) => Partial<Config>> = {
    'its caller is removed': withKeys(() => []),
    'its caller loses a group': withKeys((key) => [{ ...key, groups: [] }]),
    'its environment is removed': withDev(() => []),
    'its credential is taken from the environment': withDev((dev) => [{ ...dev, credential: 'prod-account', allowedCredentials: ['prod-account'] }])
  }
  await Promise.all(Object.entries(changes).map(async ([what, change]) => {
    const gateway = await build(t)
    const { config, jobs } = gateway.fastify
    // AWS's quota allows 50 creations per second, so the job is far from its end when the first secret exists.
    const secretNames = Array.from({ length: 200 }, (_, index) => `n${index}`)
    const { headers } = await gateway.send('POST', '/environments/dev/secrets', {
      json: { secretNames, settings: { concurrency: 1 } }, headers: { prefer: 'respond-async' }
    })
    const id = headers.get('location')?.replace('/jobs/', '') ?? ''
    const found = async (): Promise<Job> => jobs.find('administrator', id)
    await until(async () => (await found()).counts.created > 0)
    config.replace({ ...config.current, ...change(config.current) })
    await until(async () => (await found()).state === 'ended', 200)
    const { counts: { created, failed } } = await found()
    t.equal(created + failed, 200, what)
    t.ok(failed > 0, `${what}: no further secret is created`)
    t.match(gateway.trail().find(({ requestId, code }) => requestId === headers.get('x-request-id') && code !== undefined), { event: 'item', code: 'forbidden' }, what)
  }))
})

t.test('an atomic job whose caller is removed while it writes is rolled back', async (t) => {
  const gateway = await build(t)
  const { config, jobs } = gateway.fastify
  const secretNames = Array.from({ length: 200 }, (_, index) => `n${index}`)
  const { headers } = await gateway.send('POST', '/environments/dev/secrets', {
    json: { secretNames, atomic: true, settings: { concurrency: 1 } }, headers: { prefer: 'respond-async' }
  })
  const id = headers.get('location')?.replace('/jobs/', '') ?? ''
  const found = async (): Promise<Job> => jobs.find('administrator', id)
  await until(async () => (await found()).done > 0)
  const { authentication } = config.current
  config.replace({ ...config.current, authentication: { ...authentication, apiKeys: authentication.apiKeys.filter(({ id }) => id !== 'administrator') } })
  await until(async () => (await found()).state === 'ended', 200)
  const { counts } = await found()
  t.match(counts, { created: 0, failed: 1 }, 'nothing is written after the first refusal')
  t.ok(counts.rolledBack > 0, 'what was written is taken back')
})
