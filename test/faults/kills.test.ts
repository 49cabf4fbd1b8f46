import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { send, type Reply } from '#test/helper'
import { uncountedNode } from '#test/uncounted'

/** The number of runs to kill. The environment variable `TEST_KILLS` overrides it. */
const rounds = Number(process.env.TEST_KILLS ?? 3)

const server = join(import.meta.dirname, '../../src/server.ts')
const token = 'token-of-the-pipeline'
const path = '/environments/dev/secrets'

/** The secrets to create. They alternate between three kinds: with a given value, with a generated value, and without a value. */
const secrets = Array.from({ length: 500 }, (_, index) => {
  const name = `service-${index}`
  if (index % 3 === 0) return { name, value: `v${index}`, tags: { index: String(index) } }
  return index % 3 === 1 ? { name, generate: { passwordLength: 20 } } : { name, description: 'to be filled in' }
})
const request = { secrets, onConflict: 'update', restore: true }

/** Every seventh secret already exists, with a value or as a placeholder. Some of these are scheduled for deletion. */
const existing = secrets.filter((_, index) => index % 7 === 0).map(({ name }, index) => ({ name, ...(index % 2 === 0 && { value: 'before' }) }))
const deleted = existing.filter((_, index) => index % 3 === 0)

interface Gateway {
  send: (method: string, path: string, json?: object, key?: string) => Promise<Reply>
  kill: () => Promise<unknown>
}

/** Starts a gateway in local mode as a separate process that keeps its data in `dataDir`. */
async function start (t: Test, dataDir: string): Promise<Gateway> {
  const variables = { GATEWAY_LOCAL: '1', GATEWAY_DEV_TOKEN: token, GATEWAY_DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'info' }
  const child = spawn('env', [...uncountedNode, server], { env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const kill = async (): Promise<unknown> => {
    child.kill('SIGKILL')
    return gone
  }
  t.teardown(kill)
  const url = await new Promise<string>((resolve) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.includes('listening on http')) return
      output += chunk.toString()
      const [, url] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
      if (url !== undefined) resolve(url)
    })
  })
  return {
    kill,
    send: async (method, path, json, key) => send(url, method, path, {
      token, ...(json !== undefined && { json }), ...(key !== undefined && { headers: { 'idempotency-key': key } })
    })
  }
}

/** Creates the secrets that should exist before the run. */
async function prepare (t: Test, dataDir: string): Promise<void> {
  const { send, kill } = await start(t, dataDir)
  t.equal((await send('POST', path, { secrets: existing }, 'before')).status, 201)
  for (const { name } of deleted) await send('DELETE', `${path}/${name}`)
  await kill()
}

/** Returns the metadata, the versions and the labels of each secret, and its value unless the value is generated. */
async function state ({ send }: Gateway): Promise<object> {
  const { json: { items } } = await send('POST', '/environments/dev/values', { names: secrets.map(({ name }) => name) })
  const values = new Map(items.map(({ name, value }: { name: string, value?: string }) => [name, value]))
  const metadata = new Map<string, { state: string, tags?: object, description?: string }>()
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const { json } = await send('GET', `${path}?includePlannedDeletion=true${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    for (const secret of json.items) metadata.set(secret.name, secret)
    cursor = json.nextCursor
  }
  return pMap(secrets, async ({ name, generate }) => {
    const { state, tags, description } = metadata.get(name) ?? {}
    const { json: { items } } = await send('GET', `${path}/${name}/versions?includeDeprecated=true`)
    const versions = items.map(({ versionId, versionStages }: { versionId: string, versionStages?: string[] }) => [versionId, versionStages?.toSorted()])
    return { name, state, tags, description, versions: versions.sort(), value: generate === undefined ? values.get(name) : undefined }
  }, { concurrency: 8 })
}

const results = ({ json }: Reply): unknown => json.items.map(({ name, versionId, problem }: { name: string, versionId?: string, problem?: object }) => ({ name, versionId, problem }))

t.test('after a run is killed and sent again, every version is the same as after an undisturbed run', { timeout: 1_800_000 }, async (t) => {
  const folder = t.testdir({})
  const before = join(folder, 'before')
  await prepare(t, before)
  /** Copies the data from before the run to `dataDir`, and starts a gateway on this copy. */
  const startWith = async (dataDir: string): Promise<Gateway> => {
    await cp(before, dataDir, { recursive: true })
    return start(t, dataDir)
  }
  const undisturbed = await startWith(join(folder, 'undisturbed'))
  const started = performance.now()
  const expected = await undisturbed.send('POST', path, request, 'run')
  const duration = performance.now() - started
  t.match(expected.json.counts, { created: 500 - existing.length, failed: 0, notStarted: 0 })
  const expectedState = await state(undisturbed)
  await undisturbed.kill()

  await pMap(Array.from({ length: rounds }).keys(), async (round) => {
    const dataDir = join(folder, `round-${round}`)
    const first = await startWith(dataDir)
    const lost = first.send('POST', path, request, 'run').then(() => false, () => true)
    const moment = randomInt(Math.ceil(duration))
    await wait(moment)
    await first.kill()
    const wasLost = await lost

    const second = await start(t, dataDir)
    const repeated = await second.send('POST', path, request, 'run')
    t.same(results(repeated), results(expected), `killed after ${moment} ms of ${Math.ceil(duration)}${wasLost ? '' : ', when it had already replied'}`)
    t.same(await state(second), expectedState, 'the state is that of the undisturbed run')
    await second.kill()
  }, { concurrency: 2 })
})
