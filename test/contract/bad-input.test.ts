import t from 'tap'
import { build, type RequestOptions } from '#test/helper'

const secret = '/environments/dev/secrets/a'
const json = { 'content-type': 'application/json' }
const put = (value: unknown): RequestOptions => ({ json: { value } })
const text = (body: string | Uint8Array): RequestOptions => ({ headers: json, body })

interface Case {
  method?: string
  path?: string
  options?: RequestOptions
  expected: object
}

const invalid = (pointer: string, part = 'body'): object => ({ status: 400, json: { code: 'invalid-request', errors: [{ in: part, pointer }] } })
const badName = { status: 400, json: { code: 'invalid-request', errors: [{ in: 'path', pointer: '/name' }] } }
const named = (encoded: string): Case => ({ path: `/environments/dev/secrets/${encoded}`, options: put('v'), expected: badName })

const cases: Record<string, Case> = {
  'an unknown field': { options: { json: { value: 'v', secretString: 'v' } }, expected: invalid('/secretString') },
  'text and binary together': { options: { json: { value: 'v', secretBinary: 'AA==' } }, expected: invalid('/secretBinary') },
  'a number as the value': { options: put(1), expected: invalid('/value') },
  'null as the value': { options: put(null), expected: invalid('/value') },
  'a list as the value': { options: put(['v']), expected: invalid('/value') },
  'a boolean as the value': { options: put(true), expected: invalid('/value') },
  'no value': { options: { json: {} }, expected: invalid('/value') },
  'an empty value': { options: put(''), expected: invalid('/value') },
  'a number as the description': { method: 'POST', options: { json: { description: 1 } }, expected: invalid('/description') },
  'a description that is too long': { method: 'POST', options: { json: { description: 'd'.repeat(2_049) } }, expected: invalid('/description') },
  'a tag that is not a string': { method: 'POST', options: { json: { tags: { a: 1 } } }, expected: invalid('/tags/a') },
  'another encoding': { options: { json: { value: 'v', encoding: 'hex' } }, expected: invalid('/encoding') },
  'base64 with a blank': { options: { json: { value: 'AA ==', encoding: 'base64' } }, expected: invalid('/value') },
  'an object in base64': { options: { json: { value: {}, encoding: 'base64' } }, expected: invalid('/value') },
  '65,537 bytes': { options: put('v'.repeat(65_537)), expected: invalid('/value') },
  '65,538 bytes in 32,769 characters': { options: put('é'.repeat(32_769)), expected: invalid('/value') },
  '65,537 bytes in base64': {
    options: { json: { value: Buffer.alloc(65_537).toString('base64'), encoding: 'base64' } },
    expected: invalid('/value')
  },
  'a body of more than a mebibyte': { options: put('v'.repeat(1024 * 1024)), expected: { status: 413, json: { code: 'payload-too-large' } } },

  'an empty name': named(''),
  'a dot as the name': named('%2E'),
  'two dots as a segment': named('a%2F..%2Fb'),
  'an empty segment': named('a%2F%2Fb'),
  'a leading slash': named('%2Fa'),
  'a trailing slash': named('a%2F'),
  'a double-encoded slash': named('a%252Fb'),
  'a control character': named('a%00b'),
  'a line feed at the end': named('a%0A'),
  'a blank': named('a%20b'),
  'an exclamation mark in the name of a new secret': { ...named('a!b'), method: 'POST' },
  'a letter beyond ASCII': named('%C3%A9'),
  'an ARN': named(encodeURIComponent('arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/a-AbCdEf')),
  '509 characters after a prefix of four': named('n'.repeat(509)),
  '513 characters': named('n'.repeat(513)),
  'malformed percent-encoding': { path: '/environments/dev/secrets/%ZZ', options: put('v'), expected: { status: 400, json: { code: 'malformed-request' } } },
  'percent-encoding that is not UTF-8': { path: '/environments/dev/secrets/%FF', options: put('v'), expected: { status: 400 } },

  'malformed JSON': { options: text('{"value":'), expected: invalid('') },
  'two values': { options: text('{"value":"v"} {"value":"w"}'), expected: invalid('') },
  'a comment': { options: text('{"value":"v"} // c'), expected: invalid('') },
  'an empty body': { options: text(''), expected: { status: 400 } },
  'a duplicate key': { options: text('{"value":"v","value":"w"}'), expected: invalid('/value') },
  'a duplicate key, escaped': { options: text('{"value":"v","valu\\u0065":"w"}'), expected: invalid('/value') },
  'a duplicate key inside the value': { options: text('{"value":{"a":{"b":1,"b":2}}}'), expected: invalid('/value/a/b') },
  '100,000 nested lists': { options: text('['.repeat(100_000) + ']'.repeat(100_000)), expected: invalid('/0'.repeat(64)) },
  '100,000 nested lists in the value': { options: text(`{"value":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`), expected: invalid(`/value/a${'/0'.repeat(62)}`) },
  '100,000 opened objects': { options: text('{"a":'.repeat(100_000)), expected: invalid('/a'.repeat(64)) },
  'an unpaired surrogate': { options: text('{"value":"\\ud800"}'), expected: invalid('/value') },
  'a body that is not UTF-8': { options: text(Buffer.from([0x22, 0xff, 0x22])), expected: invalid('') },
  'a number that a double cannot hold, outside of a value': { method: 'POST', options: text('{"tags":{"n":12345678901234567890}}'), expected: invalid('/tags/n') },
  'two million values': { options: text(`{"value":{"a":[${'{},'.repeat(300_000)}{}]}}`), expected: invalid('/value/a') },
  'a tag without a key': { method: 'POST', options: { json: { tags: { '': 'v' } } }, expected: invalid('/tags') },
  'a tag with a key of 129 characters': { method: 'POST', options: { json: { tags: { ['k'.repeat(129)]: 'v' } } }, expected: invalid('/tags') },
  'a tag with a line feed and a number': { method: 'POST', options: { json: { tags: { 'a\nb': 5 } } }, expected: invalid('/tags/a\nb') },
  '51 tags': { method: 'POST', options: { json: { tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v'])) } }, expected: invalid('/tags') },
  '50 tags and one of the environment': { method: 'POST', path: '/environments/prod/secrets/a', options: { json: { tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'v'])) } }, expected: invalid('/tags') },
  'a body on a route without one': { method: 'DELETE', options: { json: { recoveryWindowInDays: 7 } }, expected: invalid('') },
  'another character set': { options: { headers: { 'content-type': 'application/json; charset=iso-8859-1' }, body: '{"value":"v"}' }, expected: { status: 415 } },
  'a prefix longer than a name': { method: 'GET', path: `/environments/dev/secrets?namePrefix=${'n'.repeat(509)}`, expected: invalid('/namePrefix', 'query') },
  'a list as the body': { options: text('[]'), expected: invalid('') },
  'null as the body': { options: text('null'), expected: invalid('') },
  '__proto__ as a key': { options: text('{"value":"v","__proto__":{"a":1}}'), expected: invalid('') },
  '__proto__ as a key of the value': { options: text('{"value":{"__proto__":{"a":1}}}'), expected: invalid('/value') },
  'constructor as a key': { options: text('{"value":"v","constructor":{}}'), expected: invalid('/constructor') },
  'a form': {
    options: { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'value=v' },
    expected: { status: 415, json: { code: 'unsupported-media-type' } }
  },
  'plain text': { options: { headers: { 'content-type': 'text/plain' }, body: 'v' }, expected: { status: 415 } },
  'a body without a media type': { options: { headers: { 'content-type': '' }, body: 'v' }, expected: { status: 415 } },
  'a body with a content coding': { options: { headers: { ...json, 'content-encoding': 'gzip' }, body: 'v' }, expected: { status: 415 } },

  'an unknown environment': { path: '/environments/none/secrets/a', options: put('v'), expected: { status: 404, json: { code: 'not-found' } } },
  '__proto__ as the environment': { path: '/environments/__proto__/secrets/a', options: put('v'), expected: invalid('/env', 'path') },
  'constructor as the environment': { path: '/environments/constructor/secrets/a', options: put('v'), expected: { status: 404 } },
  'an unknown credential': {
    options: { ...put('v'), headers: { 'aws-credential-id': 'none' } },
    expected: { status: 403, json: { code: 'forbidden' } }
  },
  'a malformed credential ID': {
    options: { ...put('v'), headers: { 'aws-credential-id': '../x' } },
    expected: invalid('/aws-credential-id', 'header')
  },
  'a recovery window of 6 days': { method: 'DELETE', path: `${secret}?recoveryWindowInDays=6`, expected: invalid('/recoveryWindowInDays', 'query') },
  'a recovery window of 31 days': { method: 'DELETE', path: `${secret}?recoveryWindowInDays=31`, expected: invalid('/recoveryWindowInDays', 'query') },
  '1,001 days between rotations': {
    path: `${secret}/rotation`,
    options: { json: { automaticallyAfterDays: 1_001 } },
    expected: invalid('/automaticallyAfterDays')
  },
  'a rotation that sets nothing': { path: `${secret}/rotation`, options: { json: {} }, expected: invalid('') },
  'a window without its unit': { path: `${secret}/rotation`, options: { json: { duration: '3' } }, expected: invalid('/duration') },
  'a policy that is not an object': { path: `${secret}/policy`, options: { json: { resourcePolicy: '{}' } }, expected: invalid('/resourcePolicy') },
  'a malformed region': {
    path: `${secret}/replicas`,
    options: { json: { replicaRegions: [{ region: 'Europe' }] } },
    expected: invalid('/replicaRegions/0/region')
  },
  'no region to remove': { method: 'DELETE', path: `${secret}/replicas`, expected: invalid('', 'query') },
  'an unknown parameter': { method: 'GET', path: `${secret}?version=1`, expected: invalid('', 'query') },
  'a parameter given twice': { method: 'GET', path: `${secret}?field=a&field=b`, expected: invalid('/field', 'query') },
  '__proto__ as a parameter': { method: 'GET', path: `${secret}?__proto__=1`, expected: invalid('', 'query') }
}

t.test('bad input is answered with a clear problem, changes nothing and never reaches AWS', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'unchanged' } })
  const store = async (): Promise<unknown> => (await gateway.aws('AKIADEV').listSecrets({ IncludePlannedDeletion: true })).SecretList
  const before = await store()

  for (const [what, { method = 'PUT', path = secret, options = {}, expected }] of Object.entries(cases)) {
    gateway.awsCalls.length = 0
    const reply = await gateway.send(method, path, options)
    t.match(reply, expected, what)
    t.match(reply.headers.get('content-type'), 'application/problem+json')
    t.same(gateway.awsCalls, [], `${what}: AWS is not called`)
  }

  t.same(await store(), before)
  t.equal((await gateway.send('GET', secret)).json.value, 'unchanged')
})

t.test('invalid input is not echoed', async (t) => {
  const gateway = await build(t)
  const canary = 'canary-value-4711'
  for (const options of [
    text(`{"value":"${canary}"`), text(`{"value":"${canary}","value":""}`), { json: { value: 'v', encoding: canary } }, { json: [canary] },
    { json: { value: { a: canary }, encoding: 'base64' } }, { json: { value: canary, encoding: 'base64' } }
  ]) {
    const reply = await gateway.send('PUT', secret, options)
    t.equal(reply.status, 400)
    t.notMatch(reply.text, canary)
  }
  t.notMatch((await gateway.send('GET', `${secret}?versionId=${canary}`)).text, canary)
  t.notMatch(gateway.log.join(''), canary)
})
