import t from 'tap'
import { build, policies } from '#test/helper'

interface Limit {
  method: string
  /** The part of the path after `/environments/{env}`. */
  path: string
  /** The JSON pointer that the error is expected to have. */
  pointer: string
  /**
   * Makes a request of this size: a number of items, of characters, or of another limited unit. Returns the body of the request
   * as an object, or its query as a string.
   */
  of: (size: number) => object | string
  most: number
  least?: number
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)
const tags = (count: number): Record<string, string> => Object.fromEntries(names(count).map((name) => [name, 'v']))
const secrets = '/secrets'
const secret = '/secrets/a'

/** The limits of requests. The caller has no permission on the secrets that a list names, so an accepted list has no effect. */
const limits: Record<string, Limit> = {
  'names in a bulk create': { method: 'POST', path: secrets, pointer: '/secretNames', of: (size) => ({ secretNames: names(size) }), most: 10_000 },
  'secrets in a bulk create': { method: 'POST', path: secrets, pointer: '/secrets', of: (size) => ({ secrets: names(size).map((name) => ({ name })) }), most: 10_000 },
  'seconds of a bulk create': { method: 'POST', path: secrets, pointer: '/settings/timeoutSeconds', of: (timeoutSeconds) => ({ secretNames: ['a'], settings: { timeoutSeconds } }), most: 86_400, least: 1 },
  'concurrent secrets of a bulk create': { method: 'POST', path: secrets, pointer: '/settings/concurrency', of: (concurrency) => ({ secretNames: ['a'], settings: { concurrency } }), most: 64, least: 1 },
  'names in a read of values': { method: 'POST', path: '/values', pointer: '/names', of: (size) => ({ names: names(size) }), most: 10_000, least: 1 },
  'names in a promotion': { method: 'POST', path: '/promotions', pointer: '/names', of: (size) => ({ from: 'dev', names: names(size) }), most: 10_000, least: 1 },
  'characters of a description': { method: 'POST', path: secret, pointer: '/description', of: (size) => ({ description: 'd'.repeat(size) }), most: 2_048 },
  'characters of a tag\'s value': { method: 'PUT', path: `${secret}/tags`, pointer: '/t', of: (size) => ({ t: 'v'.repeat(size) }), most: 256 },
  'tags to remove': { method: 'DELETE', path: `${secret}/tags`, pointer: '/key', of: (size) => names(size).map((name) => `key=${name}`).join('&'), most: 50 },
  'tags of a secret': { method: 'PUT', path: `${secret}/tags`, pointer: '', of: tags, most: 50 },
  'days of a recovery window': { method: 'DELETE', path: secret, pointer: '/recoveryWindowInDays', of: (days) => `recoveryWindowInDays=${days}`, most: 30, least: 7 },
  'days between rotations': { method: 'PUT', path: `${secret}/rotation`, pointer: '/automaticallyAfterDays', of: (automaticallyAfterDays) => ({ automaticallyAfterDays }), most: 1_000, least: 1 },
  'characters of a rotation function\'s ARN': { method: 'PUT', path: `${secret}/rotation`, pointer: '/lambdaArn', of: (size) => ({ lambdaArn: 'f'.repeat(size), automaticallyAfterDays: 1 }), most: 2_048, least: 1 },
  'characters of a password': { method: 'GET', path: '/random-password', pointer: '/length', of: (length) => `length=${length}`, most: 4_096, least: 1 },
  'items of a page': { method: 'GET', path: secrets, pointer: '/limit', of: (limit) => `limit=${limit}`, most: 100, least: 1 },
  'versions of a page': { method: 'GET', path: `${secret}/versions`, pointer: '/limit', of: (limit) => `limit=${limit}`, most: 100, least: 1 }
}

t.test('a request is accepted at each limit, and refused just beyond it', async (t) => {
  const gateway = await build(t, {
    authorization: policies('@id("all-but-lists") permit (principal, action, resource) unless { resource is Secret && resource.name like "n*" };')
  })
  for (const [what, { method, path, pointer, of, most, least }] of Object.entries(limits)) {
    const ask = async (size: number): Promise<unknown> => {
      const request = of(size)
      const query = typeof request === 'string' ? `?${request}` : ''
      const { status, json } = await gateway.send(method, `/environments/staging${path}${query}`, { ...typeof request === 'object' && { json: request } })
      return json.code === 'invalid-request' ? [status, json.errors[0].pointer] : 'accepted'
    }
    const expected = ['accepted', [400, pointer]]
    t.same([await ask(most), await ask(most + 1)], expected, `${most} ${what}`)
    if (least !== undefined) t.same([await ask(least), await ask(least - 1)], expected, `${least} ${what}`)
  }
})
