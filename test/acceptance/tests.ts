import { isDeepStrictEqual } from 'node:util'

export interface Reply {
  status: number
  etag: string
  json: any // eslint-disable-line @typescript-eslint/no-explicit-any -- the tests read arbitrary members
}

/** Sends a request to the gateway. The path is relative to the environment's path. */
export type Api = (method: string, path: string, options?: { json?: unknown, headers?: Record<string, string> }) => Promise<Reply>

/** A test of behaviour. Each test has its own secrets. */
export interface AcceptanceTest {
  /** The names of the secrets that the test may create. */
  secrets: readonly string[]
  run: (api: Api) => Promise<void>
}

/** Values are never shown, because an environment may contain real secrets. */
function expect (reply: Reply, status: number, what: string): Reply {
  const { code, detail } = reply.json as { code?: string, detail?: string }
  const problem = code === undefined ? '' : ` (${code}: ${detail ?? ''})`
  if (reply.status !== status) throw new Error(`${what}: ${reply.status} instead of ${status}${problem}`)
  return reply
}

function equal (found: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(found, expected)) throw new Error(`${what} is not what it should be`)
}

/**
 * Deletes a secret. If AWS's reply was lost, the gateway can't tell whether this request deleted the secret, and replies with a
 * 502. The secret must be deleted all the same.
 */
async function remove (api: Api, name: string, query = ''): Promise<void> {
  const reply = await api('DELETE', `${at(name)}${query}`)
  if (reply.status !== 502) {
    expect(reply, 200, 'a deletion')
    return
  }
  const { status, json } = await api('GET', `${at(name)}/metadata`)
  equal(status === 404 || json.state === 'pending-deletion', true, 'the state after a deletion whose reply was lost')
}

const at = (name: string): string => `/secrets/${name}`

/** The tests, by name. */
export const tests: Readonly<Record<string, AcceptanceTest>> = {
  values: {
    secrets: ['values', 'bytes'],
    async run (api) {
      const created = expect(await api('PUT', at('values'), { json: { value: 'first' }, headers: { 'if-none-match': '*' } }), 201, 'a creation')
      equal(expect(await api('GET', at('values')), 200, 'a read after it').json.value, 'first', 'the value')
      expect(await api('PUT', at('values'), { json: { value: 'x' }, headers: { 'if-none-match': '*' } }), 412, 'a second creation')
      expect(await api('PUT', at('values'), { json: { value: 'second' } }), 200, 'a write')
      equal((await api('GET', at('values'))).json.value, 'second', 'the new value')
      equal((await api('GET', `${at('values')}?versionId=${created.json.versionId}`)).json.value, 'first', 'the value of the old version')
      equal((await api('PUT', at('values'), { json: { value: 'second' } })).json.unchanged, true, 'a write of the same value')
      const value = Buffer.from([0, 255, 128]).toString('base64')
      expect(await api('PUT', at('bytes'), { json: { value, encoding: 'base64' } }), 201, 'a creation with bytes')
      equal((await api('GET', at('bytes'))).json.value, value, 'the bytes')
      expect(await api('GET', at('absent')), 404, 'a read of a secret that does not exist')
    }
  },
  'conditional-writes': {
    secrets: ['conditional'],
    async run (api) {
      const { etag: first } = expect(await api('PUT', at('conditional'), { json: { value: 'first' } }), 201, 'a creation')
      const { etag } = expect(await api('PUT', at('conditional'), { json: { value: 'second' }, headers: { 'if-match': first } }), 200, 'a write of the current version')
      equal((await api('GET', at('conditional'))).json.value, 'second', 'the value')
      expect(await api('PUT', at('conditional'), { json: { value: 'x' }, headers: { 'if-match': first } }), 412, 'a write of an old version')
      const rivals = await Promise.all(['a', 'b', 'c'].map(async (value) =>
        ({ value, reply: await api('PUT', at('conditional'), { json: { value }, headers: { 'if-match': etag } }) })))
      const winners = rivals.filter(({ reply }) => reply.status === 200)
      equal(rivals.map(({ reply }) => reply.status).sort(), [200, 412, 412], 'the status of three writes of the same version')
      equal((await api('GET', at('conditional'))).json.value, winners[0]?.value, 'the value of the winner')
    }
  },
  'merge-patches': {
    secrets: ['patched'],
    async run (api) {
      expect(await api('PUT', at('patched'), { json: { value: '{"a":1,"b":2}' } }), 201, 'a creation')
      const headers = { 'content-type': 'application/merge-patch+json' }
      await Promise.all([{ a: 3 }, { b: null }].map(async (json) => expect(await api('PATCH', `${at('patched')}/value`, { json, headers }), 200, 'a patch')))
      equal((await api('GET', at('patched'))).json.value, '{"a":3}', 'the value after two patches')
    }
  },
  idempotency: {
    secrets: ['repeated'],
    async run (api) {
      expect(await api('PUT', at('repeated'), { json: { value: 'first' } }), 201, 'a creation')
      const send = async (value: string): Promise<Reply> => api('PUT', at('repeated'), { json: { value }, headers: { 'idempotency-key': 'acceptance-1' } })
      const { versionId } = expect(await send('second'), 200, 'a write with a key').json
      equal(expect(await send('second'), 200, 'its repetition').json.versionId, versionId, 'the version of the repetition')
      expect(await send('third'), 409, 'another value with the same key')
      equal((await api('GET', at('repeated'))).json.value, 'second', 'the value')
    }
  },
  labels: {
    secrets: ['labelled'],
    async run (api) {
      const { versionId } = expect(await api('PUT', at('labelled'), { json: { value: 'first' } }), 201, 'a creation').json
      expect(await api('PUT', `${at('labelled')}/stages/blue`, { json: { moveToVersionId: versionId } }), 200, 'a label')
      const { versionId: second } = expect(await api('PUT', at('labelled'), { json: { value: 'second' } }), 200, 'a write').json
      equal((await api('GET', `${at('labelled')}?versionStage=blue`)).json.value, 'first', 'the value of the label')
      const move = { moveToVersionId: second, removeFromVersionId: versionId }
      expect(await api('PUT', `${at('labelled')}/stages/blue`, { json: move }), 200, 'a move of the label')
      equal((await api('GET', `${at('labelled')}?versionStage=blue`)).json.value, 'second', 'the value of the moved label')
      expect(await api('DELETE', `${at('labelled')}/stages/blue?versionId=${second}`), 200, 'the removal of the label')
      expect(await api('GET', `${at('labelled')}?versionStage=blue`), 404, 'a read by the removed label')
    }
  },
  rollback: {
    secrets: ['rolled-back'],
    async run (api) {
      expect(await api('PUT', at('rolled-back'), { json: { value: 'first' } }), 201, 'a creation')
      const { etag } = expect(await api('PUT', at('rolled-back'), { json: { value: 'second' } }), 200, 'a write')
      expect(await api('POST', `${at('rolled-back')}/rollback`, { json: {}, headers: { 'if-match': etag } }), 200, 'a rollback')
      equal((await api('GET', at('rolled-back'))).json.value, 'first', 'the value')
    }
  },
  settings: {
    secrets: ['settings'],
    async run (api) {
      expect(await api('POST', at('settings'), { json: { value: 'v', description: 'of the acceptance test', tags: { team: 'a' } } }), 201, 'a creation')
      const metadata = async (): Promise<Reply['json']> => expect(await api('GET', `${at('settings')}/metadata`), 200, 'the metadata').json
      const first = await metadata()
      equal([first.description, first.tags?.team], ['of the acceptance test', 'a'], 'the description and the tag')
      expect(await api('PATCH', at('settings'), { json: { description: 'changed' } }), 200, 'a new description')
      expect(await api('PUT', `${at('settings')}/tags`, { json: { team: 'b', more: 'c' } }), 200, 'new tags')
      expect(await api('DELETE', `${at('settings')}/tags?key=more`), 200, 'the removal of a tag')
      const changed = await metadata()
      equal([changed.description, changed.tags?.team, changed.tags?.more], ['changed', 'b', undefined], 'the changed description and tags')
    }
  },
  'many-at-once': {
    secrets: ['bulk-1', 'bulk-2', 'bulk-3'],
    async run (api) {
      const secrets = [{ name: 'bulk-1', value: 'one' }, { name: 'bulk-2', generate: {} }]
      expect(await api('POST', '/secrets', { json: { secrets } }), 201, 'a bulk create')
      const rolledBack = await api('POST', '/secrets', { json: { atomic: true, secrets: [{ name: 'bulk-3', value: 'v' }, { name: 'bulk-1', value: 'v' }] } })
      equal(rolledBack.json.items?.some(({ result }: { result: string }) => result === 'created'), false, 'an atomic bulk create that fails')
      const { items } = expect(await api('POST', '/values', { json: { names: ['bulk-1', 'bulk-2', 'bulk-3'] } }), 200, 'a read of several').json
      const found = Object.fromEntries(items.map(({ name, secret, problem }: Record<string, any>) => [name, secret?.value ?? problem?.code])) // eslint-disable-line @typescript-eslint/no-explicit-any -- as above
      equal(found['bulk-1'], 'one', 'the value of a bulk create')
      equal(typeof found['bulk-2'] === 'string' && found['bulk-2'].length > 10, true, 'a generated value')
      equal(found['bulk-3'], 'secret-not-found', 'a secret of the atomic bulk create')
    }
  },
  deletions: {
    secrets: ['deleted'],
    async run (api) {
      expect(await api('PUT', at('deleted'), { json: { value: 'v' } }), 201, 'a creation')
      await remove(api, 'deleted')
      equal(expect(await api('GET', `${at('deleted')}/metadata`), 200, 'the metadata').json.state, 'pending-deletion', 'the state')
      expect(await api('POST', `${at('deleted')}/restore`), 200, 'a restore')
      equal(expect(await api('GET', at('deleted')), 200, 'a read of a restored secret').json.value, 'v', 'its value')
      await remove(api, 'deleted', '?force=true')
      expect(await api('GET', at('deleted')), 404, 'a read after it')
    }
  },
  'deleted-values': {
    secrets: ['pending'],
    async run (api) {
      expect(await api('PUT', at('pending'), { json: { value: 'v' } }), 201, 'a creation')
      await remove(api, 'pending')
      expect(await api('GET', at('pending')), 409, 'a read of a deleted secret')
      expect(await api('PUT', at('pending'), { json: { value: 'w' } }), 409, 'a write to it')
    }
  },
  lists: {
    secrets: [],
    async run (api) {
      // AWS's list may show the secrets of this run only after minutes, so only its form is checked.
      const { items } = expect(await api('GET', '/secrets'), 200, 'a list').json
      equal(Array.isArray(items), true, 'the list')
      const { randomPassword } = expect(await api('GET', '/random-password?length=20'), 200, 'a random password').json
      equal(randomPassword?.length, 20, 'the length of the password')
    }
  }
}
