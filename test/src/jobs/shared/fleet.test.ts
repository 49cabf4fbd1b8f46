import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { fleetToken, startProcesses, type Replica } from '#test/gateway-fleet'
import type { Reply } from '#test/helper'
import { skip } from '#test/redis'
import { until } from '#test/until'

const path = '/environments/dev/secrets'
const total = 140

interface Item { name: string, result: string, versionId?: string, problem?: { code: string } }

/**
 * The secrets of a job. If `values` is set, every third secret has a given value. The others have a generated value or are
 * placeholders.
 */
const secretsOf = (prefix: string, values = false): { name: string, value?: string, generate?: object, description?: string }[] =>
  Array.from({ length: total }, (_, index) => {
    const name = `${prefix}-${index}`
    if (values && index % 3 === 0) return { name, value: `canary-value-${index}` }
    return index % 2 === 0 ? { name, generate: { passwordLength: 20 } } : { name, description: 'to be filled in' }
  })

/** Starts a job. Returns its path. */
async function startJob (replica: Replica, body: object, key?: string): Promise<string> {
  const { status, headers } = await post(replica, body, key)
  if (status !== 202) throw new Error(`the job was refused with ${status}`)
  return headers.get('location') ?? ''
}

const post = async (replica: Replica, body: object, key?: string): Promise<Reply> => replica.send('POST', path, {
  json: body, headers: { prefer: 'respond-async', ...key !== undefined && { 'idempotency-key': key } }
})

/** Waits until a job has reached a number of results, or has ended. */
async function reaches (replica: Replica, job: string, done: number): Promise<Reply> {
  let reply = await replica.send('GET', job)
  await until(async () => {
    reply = await replica.send('GET', job)
    return reply.status === 200 && (reply.json.done >= done || reply.json.state === 'ended')
  }, 60)
  return reply
}

async function ends (replica: Replica, job: string): Promise<Reply> {
  let reply = await replica.send('GET', job)
  await until(async () => {
    reply = await replica.send('GET', job)
    return reply.json.state === 'ended'
  }, 60)
  return reply
}

/** Checks that each secret was created exactly once: it has one version if it has a value, and none if it is a placeholder. */
async function assertOnce (t: Test, replica: Replica, secrets: ReturnType<typeof secretsOf>, items: readonly Item[]): Promise<void> {
  t.same(items.map(({ name }) => name), secrets.map(({ name }) => name), 'each item has one result, in the order of the request')
  t.same(items.filter(({ result }) => result !== 'created'), [], 'all are created')
  const wrong = await pMap(secrets, async ({ name, value, generate }, index) => {
    const { json } = await replica.send('GET', `${path}/${name}/versions?includeDeprecated=true`)
    const versions = json.items.map(({ versionId }: { versionId: string }) => versionId)
    const expected = value === undefined && generate === undefined ? [] : [items[index]?.versionId]
    return JSON.stringify(versions) === JSON.stringify(expected) ? undefined : { name, versions, expected }
  }, { concurrency: 4 })
  t.same(wrong.filter((one) => one !== undefined), [], 'no version was made twice')
}

/** Follows a job until the stream ends. Returns the names of the events, and the IDs of the items. */
async function follow (replica: Replica, job: string): Promise<{ ids: number[], last: string }> {
  const response = await fetch(`${replica.url}${job}/events`, { headers: { authorization: `Bearer ${fleetToken}` } })
  const text = await response.text()
  const ids = [...text.matchAll(/^id: (\d+)\nevent: item$/gm)].map(([, id]) => Number(id))
  return { ids, last: [...text.matchAll(/^event: (\w+)$/gm)].at(-1)?.[1] ?? '' }
}

t.test('jobs of several replicas', { skip }, async (t) => {
  const { redis, redisFolder, start, operations } = await startProcesses(t)
  const [first, second] = [await start(), await start()]

  t.test('a job is cancelled through another replica', async (t) => {
    const job = await startJob(first, { secrets: secretsOf('cancelled') })
    await reaches(second, job, 20)
    t.match(await second.send('DELETE', job), { status: 200, json: { state: 'stopping' } })
    const { json: { counts, result } } = await ends(second, job)
    t.equal(result.stopped, 'cancelled')
    t.match(counts, { failed: 0, updated: 0 })
    t.ok(counts.created < total && counts.created === total - counts.notStarted)
    t.equal((await second.send('GET', job, { token: 'token-of-another' })).status, 404, 'it is the caller\'s own')
    t.equal((await second.send('DELETE', job, { token: 'token-of-another' })).status, 404)
  })

  t.test('without the shared state, jobs and keys are refused, but not secrets, and a running job continues afterwards', async (t) => {
    const secrets = secretsOf('frozen', true)
    const job = await startJob(first, { secrets }, 'k')
    await reaches(second, job, 40)
    redis.freeze()
    await until(async () => (await second.send('GET', job)).status === 503, 20)
    const refusal = await first.send('GET', job)
    t.match(refusal, { status: 503, json: { code: 'shared-state-unavailable' } })
    t.match(refusal.headers.get('retry-after'), /^\d+$/)
    t.equal((await second.send('DELETE', job)).status, 503)
    t.equal((await post(second, { secrets }, 'k')).status, 503, 'it could be carried out twice')
    t.equal((await second.send('POST', path, { json: { secretNames: ['a'] }, headers: { 'idempotency-key': 'other' } })).status, 503)
    t.equal((await second.send('POST', path, { json: { secretNames: ['b'] } })).status, 201, 'without a key and a job, nothing is needed')
    const began = performance.now()
    t.equal((await second.send('PUT', `${path}/written`, { json: { value: 'v' }, headers: { 'idempotency-key': 'write' } })).status, 201)
    t.equal((await second.send('GET', `${path}/written`)).json.value, 'v')
    t.comment(`a write and a read took ${Math.round(performance.now() - began)} ms`)
    await wait(1_000)
    const before = operations.length
    await wait(1_500)
    t.ok(operations.length - before <= 2, 'the job waits')
    redis.thaw()
    const { json: { result } } = await ends(second, job)
    await assertOnce(t, second, secrets, result.items)
    t.notMatch(second.log(), '"event":"taken-over"', 'and its owner keeps it')
  })

  t.test('an owner that was paused for longer than its lease does not continue', async (t) => {
    const secrets = secretsOf('paused')
    const job = await startJob(first, { secrets })
    await reaches(second, job, 50)
    first.signal('SIGSTOP')
    const { json: { result } } = await ends(second, job)
    const before = operations.length
    first.signal('SIGCONT')
    await until(() => first.log().includes('"event":"lost"'), 20)
    await wait(500)
    const late = operations.slice(before)
    t.same(late, [], 'it makes no further call')
    await assertOnce(t, second, secrets, result.items)
    t.same((await first.send('GET', job)).json, (await second.send('GET', job)).json, 'both report the same')
  })

  t.test('a replica that shuts down leaves its jobs to another replica at once', async (t) => {
    const secrets = secretsOf('left')
    const job = await startJob(first, { secrets })
    await reaches(second, job, 30)
    first.signal('SIGTERM')
    await first.ended
    t.match(first.log(), /"event":"left"/)
    const { json: { result } } = await ends(second, job)
    await assertOnce(t, second, secrets, result.items)
  })

  t.test('jobs whose owner is killed are finished by another replica', async (t) => {
    const owner = await start()
    const [secrets, valued] = [secretsOf('killed'), secretsOf('valued', true)]
    const job = await startJob(owner, { secrets })
    const withValues = await startJob(owner, { secrets: valued }, 'key-of-the-pipeline')
    const followed = follow(second, job)
    await reaches(second, job, 30)
    await reaches(second, withValues, 30)
    t.match(await post(second, { secrets: valued }, 'key-of-the-pipeline'), { status: 202, json: { id: withValues.replace('/jobs/', '') } }, 'the same job, at another replica')
    t.match(await post(second, { secrets: valued.slice(1) }, 'key-of-the-pipeline'), { status: 422, json: { code: 'idempotency-mismatch' } })
    owner.signal('SIGKILL')
    const killed = performance.now()

    await t.test('the items that need no value from the caller', async (t) => {
      const { json: { counts, result, status, problem } } = await ends(second, job)
      t.comment(`it ended ${Math.round(performance.now() - killed)} ms after the death of its owner`)
      t.equal(problem, undefined)
      t.match({ counts, status, stopped: result.stopped }, { counts: { created: total }, status: 201, stopped: undefined })
      await assertOnce(t, second, secrets, result.items)
      t.same(await followed, { ids: Array.from({ length: total }, (_, index) => index + 1), last: 'end' }, 'the stream has each result once')
      t.match(second.log(), /"event":"taken-over"/)
    })

    await t.test('a repeated request finishes the items whose values only the dead owner knew', async (t) => {
      const { json: { counts, result } } = await ends(second, withValues)
      const missing = result.items.filter((item: Item) => item.result !== 'created')
      t.ok(missing.length > 10, `${missing.length} values are missing`)
      t.same(missing.filter(({ name, result: found, problem }: Item) =>
        found !== 'not-started' || problem?.code !== 'value-needed' || Number(name.split('-')[1]) % 3 !== 0), [])
      t.match({ counts, stopped: result.stopped }, { counts: { created: total - missing.length, notStarted: missing.length }, stopped: 'replica-lost' })

      const repeated = await startJob(second, { secrets: valued }, 'key-of-the-pipeline')
      const { json } = await ends(second, repeated)
      await assertOnce(t, second, valued, json.result.items)
      for (const { name, value } of valued.filter((one) => one.value !== undefined).slice(-3)) {
        t.equal((await second.send('GET', `${path}/${name}`)).json.value, value)
      }
    })
  })

  t.test('no value, token, name or key was sent to the server', async (t) => {
    const log = join(redisFolder, 'appendonlydir')
    const written = (await Promise.all((await readdir(log)).map(async (file) => readFile(join(log, file), 'latin1')))).join('\n')
    t.match(written, /jobs:[\da-f-]{36}:results/)
    for (const text of ['canary-value', 'valued-', 'key-of-the-pipeline', fleetToken, 'to be filled in']) t.notMatch(written, text, text)
  })
})
