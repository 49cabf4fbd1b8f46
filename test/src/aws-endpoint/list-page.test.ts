import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { SecretMetadata } from '#src/aws/secret'
import type { EndpointContext } from '#src/aws-endpoint/context'
import { listPage } from '#src/aws-endpoint/list-page'
import type { Scope } from '#src/secrets/scope'

t.test('a list does not keep the entries that the caller may not see', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const [perPage, pages, description] = [100, 60, 'x'.repeat(10_000)]
  let used = 0
  const listSecrets: Scope['aws']['listSecrets'] = async ({ verbatim }, { cursor = '0' }) => {
    const page = Number(cursor)
    const arns = Array.from({ length: perPage }, (_, index) => `arn:${page}:${index}`)
    verbatim?.onReply(JSON.stringify({ SecretList: arns.map((ARN) => ({ ARN, Description: description })) }))
    if (page === pages) used = heap()
    const items = arns.map((arn) => ({ name: arn, arn, state: 'active' }) as unknown as SecretMetadata)
    return { items, ...page < pages && { nextCursor: String(page + 1) } }
  }
  const scope = { environment: { namePrefix: '' }, aws: { listSecrets }, mayFound: () => false } as unknown as Scope
  const before = heap()
  const page = await listPage({ scope } as EndpointContext, {
    operation: 'ListSecrets', actions: ['DescribeSecret'], limit: 100, token: undefined, query: {}
  })
  t.same(page, { entries: [] })
  t.ok(used - before < perPage * pages * description.length / 4, `${used - before} bytes are in use at the end`)
})
