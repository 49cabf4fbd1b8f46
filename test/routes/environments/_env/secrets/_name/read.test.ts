import { randomUUID } from 'node:crypto'
import t from 'tap'
import { build, type Reply } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('readSecret', async (t) => {
  const gateway = await build(t)
  const first = await gateway.send('PUT', path, { json: { value: { username: 'app', password: 'correct horse', port: 5432 } } })
  const second = await gateway.send('PUT', path, { json: { value: 'plain' } })

  t.test('returns the current version, one by its ID, and one by its label', async (t) => {
    const current = await gateway.send('GET', path)
    t.match(current, {
      status: 200,
      json: { name: 'payments/db', versionId: second.json.versionId, versionStages: ['AWSCURRENT'], encoding: 'text', value: 'plain' }
    })
    t.match(current.json.createdDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.equal(current.headers.get('cache-control'), 'no-store')
    t.equal(current.headers.get('vary'), 'Accept')
    t.match(JSON.parse((await gateway.send('GET', `${path}?versionId=${first.json.versionId}`)).json.value), { port: 5432 })
    t.match((await gateway.send('GET', `${path}?versionStage=AWSPREVIOUS`)).json, { versionId: first.json.versionId })
    t.match(await gateway.send('GET', `${path}?versionId=${randomUUID()}`), { status: 404, json: { code: 'version-not-found' } })
    const mismatch = `${path}?versionId=${first.json.versionId}&versionStage=AWSCURRENT`
    t.match(await gateway.send('GET', mismatch), { status: 404, json: { code: 'version-not-found' } })
    t.match(await gateway.send('GET', '/environments/dev/secrets/none'), { status: 404, json: { code: 'secret-not-found' } })
  })

  t.test('returns one field of a JSON value', async (t) => {
    const field = async (name: string): Promise<unknown> => {
      const reply = await gateway.send('GET', `${path}?versionStage=AWSPREVIOUS&field=${name}`)
      return reply.json.value ?? reply.json.code
    }
    t.equal(await field('password'), 'correct horse')
    t.equal(await field('port'), '5432')
    t.equal(await field('none'), 'field-not-found')
    t.equal(await field('toString'), 'field-not-found')
    const stored = '{"big":12345678901234567890,"nested":{"1":1.0,"list":[1e400]}}'
    await gateway.send('PUT', '/environments/dev/secrets/exact', { json: { value: stored } })
    t.equal((await gateway.send('GET', '/environments/dev/secrets/exact?field=big')).json.value, '12345678901234567890', 'every digit is kept')
    t.equal((await gateway.send('GET', '/environments/dev/secrets/exact?field=nested')).json.value, '{"1":1.0,"list":[1e400]}')
  })

  t.test('reports why a value lacks a field', async (t) => {
    const bytes = (text: string): object => ({ value: Buffer.from(text).toString('base64'), encoding: 'base64' })
    for (const [stored, field, status, code] of [
      [{ value: '{"a":1}' }, 'missing', 404, 'field-not-found'],
      [{ value: '{"a":1}' }, 'a/', 404, 'field-not-found'],
      [{ value: '{"a":1}' }, '/a/b', 404, 'field-not-found'],
      [{ value: '{"a":1}' }, '/a~2', 404, 'field-not-found'],
      [{ value: '{"a":[]}' }, '/a/length', 404, 'field-not-found'],
      [{ value: '{"a":[0,1]}' }, '/a/01', 404, 'field-not-found'],
      [{ value: '{"a":[0,1]}' }, '/a/2', 404, 'field-not-found'],
      [{ value: '{"a":[0,1]}' }, '/a/-', 404, 'field-not-found'],
      [{ value: '{"a":17}' }, '/a/rawJSON', 404, 'field-not-found'],
      [bytes('{"a":1}'), 'missing', 404, 'field-not-found'],
      [{ value: 'plain' }, 'a', 409, 'value-not-json'],
      [{ value: `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}` }, 'a', 409, 'value-not-json'],
      [bytes('plain'), '/a', 409, 'value-not-json'],
      [{ value: '["a","b"]' }, 'length', 409, 'value-not-object'],
      [{ value: '["a"]' }, '0', 409, 'value-not-object'],
      [{ value: '17' }, 'rawJSON', 409, 'value-not-object'],
      [{ value: 'null' }, '/a', 409, 'value-not-object'],
      [bytes('"a"'), 'a', 409, 'value-not-object'],
      [{ value: '/wA=', encoding: 'base64' }, 'a', 409, 'value-binary']
    ] as const) {
      await gateway.send('PUT', '/environments/dev/secrets/odd', { json: stored })
      const reply = await gateway.send('GET', `/environments/dev/secrets/odd?field=${field}`)
      t.match(reply, { status, json: { code } }, `${field} of ${JSON.stringify(stored).slice(0, 40)}`)
    }
  })

  t.test('returns the target of a JSON pointer, unless a key has that name', async (t) => {
    const value = '{"a":{"b":[{"c":1.10}],"x/y":{"~":"tilde"},"":"empty"},"/a/b":"a key","n":null,"__proto__":{"k":"own"}}'
    for (const [field, expected] of [
      ['/a/b/0/c', '1.10'], ['/a/b', 'a key'], ['/a/b/0', '{"c":1.10}'], ['/a/x~1y/~0', 'tilde'], ['/a/', 'empty'], ['/n', 'null'],
      ['/__proto__/k', 'own'], ['/n', 'null']
    ] as const) {
      for (const content of [value, `\uFEFF${value}`]) {
        await gateway.send('PUT', '/environments/dev/secrets/nested', { json: { value: content } })
        t.equal((await gateway.send('GET', `/environments/dev/secrets/nested?field=${field}`)).json.value, expected, field)
      }
    }
    await gateway.send('PUT', '/environments/dev/secrets/nested', { json: { value: '["a",["b"]]' } })
    t.equal((await gateway.send('GET', '/environments/dev/secrets/nested?field=/1/0')).json.value, 'b', 'a pointer begins at an array')
  })

  t.test('returns a field of JSON that is stored as bytes', async (t) => {
    const value = Buffer.from('{"user":"é","n":1.0}')
    for (const bytes of [value, Buffer.concat([Buffer.from('\uFEFF'), value])]) {
      await gateway.send('PUT', '/environments/dev/secrets/bytes', { json: { value: bytes.toString('base64'), encoding: 'base64' } })
      t.match((await gateway.send('GET', '/environments/dev/secrets/bytes?field=user')).json, { encoding: 'text', value: 'é' })
      t.match((await gateway.send('GET', '/environments/dev/secrets/bytes?field=/n')).json, { encoding: 'text', value: '1.0' })
    }
    t.match((await gateway.send('GET', '/environments/dev/secrets/bytes?field=user', { headers: { accept: 'text/plain' } })).text, 'é')
  })

  t.test('ignores an empty field or label', async (t) => {
    t.match((await gateway.send('GET', `${path}?field=&versionStage=`)).json, { encoding: 'text', value: 'plain', versionStages: ['AWSCURRENT'] })
  })

  t.test('returns the plain text or the bytes', async (t) => {
    const bytes = Buffer.from([0, 255, 1, 254])
    await gateway.send('PUT', '/environments/dev/secrets/binary', { json: { value: bytes.toString('base64'), encoding: 'base64' } })
    t.match((await gateway.send('GET', '/environments/dev/secrets/binary')).json, { encoding: 'base64', value: 'AP8B/g==' })
    const read = async (name: string, accept: string): Promise<Awaited<ReturnType<typeof gateway.send>>> =>
      gateway.send('GET', `/environments/dev/secrets/${name}`, { headers: { accept } })
    const text = await read('payments%2Fdb', 'text/plain')
    t.match(text, { status: 200, text: 'plain' })
    t.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
    t.same(Buffer.from((await read('binary', 'application/octet-stream')).bytes), bytes)
    t.equal((await read('payments%2Fdb', 'application/octet-stream')).text, 'plain')
    t.match(await read('binary', 'text/plain'), { status: 406, json: { code: 'not-acceptable' } })
    t.match(await read('payments%2Fdb', 'image/png'), { status: 406, json: { code: 'not-acceptable' } })
    t.match((await read('payments%2Fdb', 'text/plain;q=0.5, application/json')).json, { value: 'plain' })
    t.match((await read('binary', '*/*')).json, { encoding: 'base64' })
  })

  t.test('returns a JSON value as JSON with `parse`', async (t) => {
    const parsed = async (name: string, query = '', headers = {}): Promise<Reply> =>
      gateway.send('GET', `/environments/dev/secrets/${name}?parse=true${query}`, { headers })
    const put = async (name: string, value: string, encoding = 'text'): Promise<Reply> =>
      gateway.send('PUT', `/environments/dev/secrets/${name}`, { json: { value, encoding } })
    for (const [title, text] of [
      ['an object', '{"username":"app","port":5432}'],
      ['a list', '[1,{"a":null}]'],
      ['a string', '"text"'],
      ['a number', '0'],
      ['nothing', 'null'],
      ['digits that a double does not have', '{"id":12345678901234567890,"rate":1.10,"huge":1e400}'],
      ['the same key twice', '{"a":1,"a":2,"__proto__":3}'],
      ['white space', ' {\n  "a" : "\\u0000\\u2028"\n}\n']
    ] as const) {
      await put('document', text)
      const plain = await gateway.send('GET', '/environments/dev/secrets/document')
      const reply = await parsed('document')
      t.equal(reply.status, 200, title)
      t.equal(reply.text, `${plain.text.slice(0, -1)},"json":${text}}`, `${title}: the text is unchanged`)
      t.equal(reply.headers.get('content-type'), plain.headers.get('content-type'))
      t.equal(reply.headers.get('etag'), plain.headers.get('etag'))
      t.strictSame(reply.json.json, JSON.parse(text))
    }
    await put('document', Buffer.from('\uFEFF{"a":[1.0]}').toString('base64'), 'base64')
    t.match(await parsed('document'), { status: 200, text: /,"json":\{"a":\[1\.0\]\}\}$/, json: { encoding: 'base64' } }, 'bytes in UTF-8, without their byte order mark')

    t.test('with a field', async (t) => {
      await put('document', '{"text":"5","port":5432,"id":12345678901234567890,"list":[ 1, 2 ],"null":null,"json":"{\\"a\\":1}"}')
      for (const [field, value, json] of [
        ['text', '5', '"5"'],
        ['port', '5432', '5432'],
        ['id', '12345678901234567890', '12345678901234567890'],
        ['/list/1', '2', '2'],
        ['list', '[1,2]', '[1,2]'],
        ['null', 'null', 'null'],
        ['json', '{"a":1}', '"{\\"a\\":1}"'],
        ['', undefined, '{"text":"5",']
      ] as const) {
        const reply = await parsed('document', `&field=${field}`)
        t.match(reply, { status: 200, json: value === undefined ? {} : { value } }, field)
        t.ok(reply.text.includes(`,"json":${json}`), `${field}: ${reply.text}`)
      }
      t.match(await parsed('document', '&field=none'), { status: 404, json: { code: 'field-not-found' } })
    })

    t.test('a value that is not JSON', async (t) => {
      const code = async (...args: Parameters<typeof parsed>): Promise<unknown> => (await parsed(...args)).json.code
      for (const text of ['canary words', '{"a":1', '{\'a\':1}', 'undefined', 'NaN', '{"a":1}}', '{"a":1} {"b":2}']) {
        await put('text', text)
        t.match(await parsed('text'), { status: 409, json: { code: 'value-not-json' } }, text)
        t.notOk((await parsed('text')).text.includes(text), 'the problem does not quote it')
      }
      await put('text', '5')
      t.equal(await code('text', '&field=a'), 'value-not-object')
      await put('text', Buffer.from([0xff]).toString('base64'), 'base64')
      t.equal(await code('text'), 'value-binary')
      await put('text', '['.repeat(30_000) + ']'.repeat(30_000))
      t.equal(await code('text'), 'value-not-json', 'too many levels')
      t.match(await gateway.send('GET', '/environments/dev/secrets/text?parse=yes'), { status: 400, json: { errors: [{ in: 'query', pointer: '/parse' }] } })
    })

    t.test('conditions and media types', async (t) => {
      const { headers } = await put('document', '{"a":1}')
      const etag = headers.get('etag') ?? ''
      t.match(await parsed('document', '', { 'if-none-match': etag }), { status: 304, text: '' })
      t.match(await parsed('document', '', { accept: 'text/plain' }), { status: 406, json: { code: 'not-acceptable' } })
      t.match(await parsed('document', '', { accept: 'text/plain, application/json;q=0.1' }), { status: 200, json: { json: { a: 1 } } })
      const off = await gateway.send('GET', '/environments/dev/secrets/document?parse=false', { headers: { accept: 'text/plain' } })
      t.match(off, { status: 200, text: '{"a":1}' })
    })
  })

  t.test('answers 304 if the caller has the version', async (t) => {
    const etag = `"${second.json.versionId}"`
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const reply = await gateway.send('GET', path, { headers: { 'if-none-match': header } })
      t.match(reply, { status: 304, text: '' }, header)
      t.equal(reply.headers.get('etag'), etag)
      t.equal(reply.headers.get('vary'), 'Accept')
      t.equal(reply.headers.get('content-type'), null)
    }
    t.equal((await gateway.send('GET', path, { headers: { 'if-none-match': '"other"' } })).status, 200)
  })
})

t.test('a version whose ID is not a valid entity tag can still be read', async (t) => {
  const gateway = await build(t)
  const versionId = '"version with é and a line\nfeed in its ID"'
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/odd', SecretString: 'v', ClientRequestToken: versionId })
  const reply = await gateway.send('GET', '/environments/dev/secrets/odd')
  t.match(reply, { status: 200, json: { versionId } })
  t.equal(reply.headers.get('etag'), `"${encodeURIComponent(versionId)}"`)
  const again = await gateway.send('GET', '/environments/dev/secrets/odd', { headers: { 'if-none-match': reply.headers.get('etag') ?? '' } })
  t.equal(again.status, 304)
})
