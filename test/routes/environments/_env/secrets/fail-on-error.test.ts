import { execFile } from 'node:child_process'
import t, { type Test } from 'tap'
import { build, tokens, type Gateway, type Reply } from '#test/helper'
import { until } from '#test/until'

const path = '/environments/dev/secrets'

const failing = { secrets: [{ name: 'there', value: 'v' }, { name: 'new', value: 'v' }] }

/** Starts a gateway with a secret `there`, so that one item of `failing` fails. */
async function prepared (t: Test): Promise<Gateway> {
  const gateway = await build(t)
  await gateway.send('POST', `${path}/there`, { json: { value: 'old' } })
  return gateway
}

t.test('bulkCreateSecrets with failOnError', async (t) => {
  t.test('without it, the status is a success even if every secret fails', async (t) => {
    const gateway = await prepared(t)
    const reply = await gateway.send('POST', path, { json: { secretNames: ['there'] } })
    t.match(reply, { status: 200, json: { counts: { failed: 1 } } })
  })

  t.test('a failed secret makes the reply an error, and the others are created', async (t) => {
    const gateway = await prepared(t)
    const reply = await gateway.send('POST', path, { json: { ...failing, failOnError: true } })
    t.match(reply, {
      status: 409,
      json: {
        code: 'some-failed', status: 409, counts: { created: 1, failed: 1 },
        items: [{ name: 'there', result: 'failed', problem: { code: 'secret-exists' } }, { name: 'new', result: 'created' }]
      }
    })
    t.match(reply.headers.get('content-type'), /^application\/problem\+json/)
    t.equal((await gateway.send('GET', `${path}/new`)).status, 200)
    t.match(gateway.trail().findLast(({ operation, event }) => operation === 'bulkCreateSecrets' && event === 'outcome'), { status: 409 })
  })

  t.test('a plan with a failure is an error, too', async (t) => {
    const gateway = await prepared(t)
    t.match(await gateway.send('POST', path, { json: { ...failing, failOnError: true, dryRun: true } }), {
      status: 409, json: { code: 'some-failed', dryRun: true, counts: { created: 1, failed: 1 } }
    })
    t.match(await gateway.send('POST', path, { json: { ...failing, failOnError: true, dryRun: true, atomic: true } }), {
      status: 409, json: { code: 'some-failed' }
    })
  })

  t.test('the status is the usual one if nothing fails', async (t) => {
    const gateway = await prepared(t)
    t.equal((await gateway.send('POST', path, { json: { secretNames: ['one'], failOnError: true } })).status, 201)
    t.equal((await gateway.send('POST', path, { json: { ...failing, onConflict: 'skip', failOnError: true } })).status, 200)
  })

  t.test('an atomic request reports that its changes were rolled back', async (t) => {
    const gateway = await prepared(t)
    t.match(await gateway.send('POST', path, { json: { ...failing, failOnError: true, atomic: true } }), {
      status: 409, json: { code: 'not-all-done' }
    })
  })

  t.test('lines and jobs report the status and the code', async (t) => {
    const gateway = await prepared(t)
    const { status, text } = await gateway.send('POST', path, { json: { ...failing, failOnError: true }, headers: { accept: 'application/x-ndjson' } })
    t.equal(status, 200)
    t.match(JSON.parse(text.trim().split('\n').at(-1) ?? ''), { summary: { status: 409, code: 'some-failed' } })
    const { headers } = await gateway.send('POST', path, { json: { secretNames: ['there'], failOnError: true }, headers: { prefer: 'respond-async' } })
    const job = async (): Promise<Reply> => gateway.send('GET', headers.get('location') ?? '')
    await until(async () => (await job()).json.state === 'ended')
    t.match((await job()).json, { status: 409, result: { counts: { failed: 1 } } })
  })

  t.test('curl --fail exits with an error', async (t) => {
    const gateway = await prepared(t)
    const curl = async (json: object): Promise<number> => new Promise((resolve) => {
      const headers = ['-H', `Authorization: Bearer ${tokens.administrator}`, '-H', 'Content-Type: application/json']
      execFile('curl', ['--fail', '--silent', ...headers, '-d', JSON.stringify(json), `${gateway.url}${path}`], (error) => { resolve(Number(error?.code ?? 0)) })
    })
    t.equal(await curl({ secretNames: ['there'] }), 0)
    t.equal(await curl({ secretNames: ['there'], failOnError: true }), 22)
    t.equal(await curl({ secretNames: ['another'], failOnError: true }), 0)
  })
})

t.test('promoteSecrets with failOnError', async (t) => {
  const gateway = await prepared(t)
  const promote = async (json: object): Promise<Reply> => gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', ...json } })
  t.match(await promote({ names: ['none'] }), { status: 200, json: { counts: { failed: 1 } } })
  t.match(await promote({ names: ['none', 'there'], failOnError: true, dryRun: true }), {
    status: 409, json: { code: 'some-failed', dryRun: true, counts: { created: 1, failed: 1 } }
  })
  t.match(await promote({ names: ['none', 'there'], failOnError: true }), {
    status: 409,
    json: { code: 'some-failed', from: 'dev', items: [{ name: 'none', problem: { code: 'secret-not-found' } }, { name: 'there', result: 'created' }] }
  })
  t.match(await promote({ names: ['there'], onConflict: 'skip', failOnError: true }), { status: 200, json: { counts: { skipped: 1 } } })
})
