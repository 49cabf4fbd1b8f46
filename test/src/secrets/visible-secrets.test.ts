import t from 'tap'
import type { Page } from '#src/aws/port'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import type { Place } from '#src/secrets/cursors'
import type { Scope } from '#src/secrets/scope'
import { visibleSecrets } from '#src/secrets/visible-secrets'

const secret = (name: string): SecretMetadata => ({ name: name as SecretName, arn: `arn:${name}`, state: 'active' })

/** Lists from `start` on, and returns the name and the place of each secret. `pages` are AWS's pages, by their tokens. */
async function list (pages: Record<string, { names: string, next?: string }>, start: Place): Promise<{ name: string, place: Place }[]> {
  const listSecrets = async (_scope: unknown, { cursor = 'first' }: { cursor?: string }): Promise<Page<SecretMetadata>> => {
    const { names = '', next } = pages[cursor] ?? {}
    return { items: Array.from(names, secret), ...next !== undefined && { nextCursor: next } }
  }
  const scope = { aws: { listSecrets }, may: () => true, environment: {} } as unknown as Scope
  const found = []
  for await (const { secret: { name }, place } of visibleSecrets(scope, {}, [], start)) found.push({ name, place: place() })
  return found
}

const namesFrom = async (pages: Parameters<typeof list>[0], start: Place): Promise<string> =>
  (await list(pages, start)).map(({ name }) => name).join('')

await t.test('a list continues where it ended, although AWS\'s page has another length than before', async (t) => {
  const [,, , d] = await list({ first: { names: 'abcdef' } }, { seen: 0 })
  if (d === undefined) throw new TypeError('there are six secrets')
  t.equal(await namesFrom({ first: { names: 'abcdef' } }, d.place), 'def')
  t.equal(await namesFrom({ first: { names: 'ab', next: '2' }, 2: { names: 'cdef' } }, d.place), 'def', 'a shorter page')
  t.equal(await namesFrom({ first: { names: '', next: '2' }, 2: { names: 'a', next: '3' }, 3: { names: 'bcdef' } }, d.place), 'def', 'an empty one')
  t.equal(await namesFrom({ first: { names: 'abdef' } }, d.place), 'def', 'the last secret was deleted')
  t.equal(await namesFrom({ first: { names: 'ab', next: '2' }, 2: { names: 'def' } }, d.place), 'def', 'both')
  t.equal(await namesFrom({ first: { names: 'x', next: '2' }, 2: { names: 'ab', next: '3' }, 3: { names: 'cdef' } }, d.place), 'def', 'one was created')
})
