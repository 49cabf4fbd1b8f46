import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { allItems } from '#src/cli/pages'
import { build } from '#test/helper'
import { secretsctl } from '#test/secretsctl'

t.test('an empty or invalid argument is wrong usage, and nothing is sent', async (t) => {
  const gateway = await build(t)
  const dev = ['--env', 'dev']
  for (const [args, message] of [
    [['list', ...dev, '--cursor', 'x'], /unknown option '--cursor'/],
    ...[['list', ...dev], ['diff', 'dev', 'staging'], ['run', ...dev], ['export', '--format', 'json', ...dev]].map((command) =>
      [[...command, '--prefix', '', ...command[0] === 'run' ? ['--', 'true'] : []], /A prefix must not be empty/] as const),
    [['export', '--format', 'json', ...dev, '--secret', ''], /A name must not be empty/],
    ...['V=', 'V=#a', 'V=.', 'V=..#a'].map((map) => [['export', '--format', 'json', ...dev, '--map', map], /--map needs the name of a secret/] as const),
    ...['1=a', 'a-b=a', 'é=a'].map((map) => [['export', '--format', 'json', ...dev, '--map', map], /in --map is not a valid name for a variable/] as const),
    [['export', '--format', 'json', ...dev, '--map', '=a'], /Must have the form KEY=VALUE/],
    [['diff', 'dev', ''], /The name of an environment must not be empty/],
    [['diff', 'dev,,prod'], /The name of an environment must not be empty/],
    [['promote', 'a', '--from', '', '--to', 'dev'], /'--from <environment>' argument '' is invalid/],
    [['promote', 'a', '--from', 'dev', '--to', '..'], /'--to <environment>' argument '\.\.' is invalid/]
  ] as const) t.match(await secretsctl(gateway, args), { status: args[0] === 'run' ? 125 : 2, stdout: '', stderr: message }, args.join(' '))
  t.equal(gateway.awsCalls.length, 0)
})

t.test('a prefix that matches nothing', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })
  const none = ['--prefix', 'none/']
  t.match(await secretsctl(gateway, ['list', '--env', 'dev', ...none]), { status: 0, stdout: 'NAME  STATE  CHANGED  DESCRIPTION\n', stderr: '' })
  t.same(JSON.parse((await secretsctl(gateway, ['list', '--env', 'dev', '--json', ...none])).stdout), { items: [] })
  for (const args of [['run', '--env', 'dev', ...none, '--', 'true'], ['export', '--env', 'dev', '--format', 'json', ...none]]) {
    t.match(await secretsctl(gateway, args), { status: args[0] === 'run' ? 125 : 1, stdout: '', stderr: 'No secret in dev has a name that begins with none/\n' }, args.join(' '))
  }
  t.match(await secretsctl(gateway, ['diff', 'dev', 'staging', ...none]), { status: 1, stdout: '', stderr: 'No secret in dev, staging has a name that begins with none/\n' }, 'not that they agree')
})

t.test('NAME#key of values of every kind', async (t) => {
  const gateway = await build(t)
  const base64 = (text: string | Buffer): object => ({ value: Buffer.from(text).toString('base64'), encoding: 'base64' })
  for (const [name, json] of Object.entries({
    array: { value: '[1]' }, number: { value: '12' }, null: { value: 'null' }, string: { value: '"s"' }, text: { value: 'text' }, bytes: base64(Buffer.from('{"a":"\u00ff"}', 'latin1')),
    object: { value: '{"a":1.50,"":"empty","x#y":"hash","o":{"b":[1.0]},"n":null}' }, stored: base64('{"a":"b"}')
  })) t.equal((await gateway.send('PUT', `/environments/dev/secrets/${name}`, { json })).status, 201, name)
  const read = async (reference: string): Promise<{ status: number | null, stdout: string, stderr: string }> =>
    secretsctl(gateway, ['export', '--env', 'dev', '--format', 'json', '--map', `V=${reference}`])
  for (const [reference, value] of [['object#a', '1.50'], ['object#', 'empty'], ['object#x#y', 'hash'], ['object#o', '{"b":[1.0]}'], ['object#n', 'null'], ['stored#a', 'b']] as const) {
    t.same(JSON.parse((await read(reference)).stdout), { V: value }, reference)
  }
  for (const [reference, message] of [
    ['text#a', 'text has no key a: the value is not JSON\n'],
    ['bytes#a', 'bytes has no key a: the value is binary\n'],
    ...['array', 'number', 'null', 'string'].map((name) => [`${name}#a`, `${name} has no key a: the value is JSON, but not an object\n`] as const),
    ['object#toString', 'object has no key toString: the value is a JSON object without that key\n']
  ] as const) t.same(await read(reference), { status: 1, stdout: '', stderr: message }, reference)
  const keys = await secretsctl(gateway, ['export', '--env', 'dev', '--format', 'json', '--secret', 'stored', '--json-keys'])
  t.same(JSON.parse(keys.stdout), { STORED_A: 'b' }, 'keys of an object that is stored as binary')
})

/** Starts a server that sends each reply once, and then repeats the last one. Returns the requested cursors in `cursors`. */
async function pages (t: Test, replies: readonly object[]): Promise<{ url: string, cursors: (string | null)[] }> {
  const cursors: (string | null)[] = []
  const server = createServer(({ url = '' }, response) => {
    cursors.push(new URL(url, 'http://gateway').searchParams.get('cursor'))
    const reply = replies[Math.min(cursors.length, replies.length) - 1]
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r' }).end(JSON.stringify(reply))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cursors }
}

for (const command of [['list'], ['versions', 'a']]) {
  t.test(`${command.join(' ')}: reads all pages`, async (t) => {
    const item = (name: string): object => ({ name, arn: 'arn', state: 'active', versionId: name })
    const gateway = await pages(t, [{ items: [item('one')], nextCursor: 'a&b' }, { items: [], nextCursor: 'c' }, { items: [item('two')] }])
    const outcome = await secretsctl(gateway, [...command, '--env', 'dev', '--json'])
    t.same([outcome.status, JSON.parse(outcome.stdout)], [0, { items: [item('one'), item('two')] }])
    t.same(gateway.cursors, [null, 'a&b', 'c'])

    const endless = await pages(t, [{ items: [item('one')], nextCursor: 'a' }])
    t.match(await secretsctl(endless, [...command, '--env', 'dev']), { status: 1, stdout: '', stderr: /^The gateway sent the same cursor twice, so the list has no end\nCheck that the gateway runs/ })
    t.same(endless.cursors, [null, 'a'])
  })

  t.test(`${command.join(' ')}: a list of new cursors ends`, async (t) => {
    const tooMany = { status: 1, stdout: '', stderr: /^The gateway sent too many pages, so the list may have no end\n/ }
    const item = { name: 'a', arn: 'arn', state: 'active', versionId: 'a' }
    const page = (index: number, items: object[]): object => ({ items, nextCursor: String(index) })
    const empty = Array.from({ length: 102 }, (_, index) => page(index, []))
    const gateway = await pages(t, empty)
    t.match(await secretsctl(gateway, [...command, '--env', 'dev']), tooMany)
    t.equal(gateway.cursors.length, 101, 'too many pages in a row have no items')
    const filled = await pages(t, [...empty.slice(0, 100), page(100, [item]), ...Array.from({ length: 100 }, (_, index) => page(200 + index, [])), { items: [] }])
    t.match(await secretsctl(filled, [...command, '--env', 'dev']), { status: 0 }, 'a page with an item is between them')
  })
}

t.test('a list has a maximum number of pages', async (t) => {
  const read = (last: number): () => Promise<{ items: number[], nextCursor?: string }> => {
    let pages = 0
    return async () => ({ items: [pages], ...pages++ < last && { nextCursor: String(pages) } })
  }
  t.equal((await allItems(read(9_999))).length, 10_000)
  await t.rejects(allItems(read(10_000)), { name: 'GatewayUnreachable' })
})

t.test('list: pages of a real gateway', async (t) => {
  const gateway = await build(t)
  const secretNames = Array.from({ length: 120 }, (_, index) => `many/${String(index).padStart(3, '0')}`)
  // The list is sorted by name, so the secrets are created in another order.
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: secretNames.toReversed() } })
  const { items } = JSON.parse((await secretsctl(gateway, ['list', '--env', 'dev', '--prefix', 'many/', '--json'])).stdout)
  t.same(items.map(({ name }: { name: string }) => name), secretNames)
})
