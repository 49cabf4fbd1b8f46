import t from 'tap'
import { compileSerializersLater, serializerCompiler } from '#src/http/serialization'

const shared = { $id: 'Shared', type: 'object', properties: { a: { type: 'string' } } }
const schema = { type: 'object', properties: { shared: { $ref: 'Shared#' } } }
const route = { schema, method: 'GET', url: '/', httpStatus: '200' }

t.test('equal schemas are compiled once, whatever their status', async (t) => {
  const compile = serializerCompiler([shared])
  const serialize = compile(route)
  t.equal(serialize({ shared: { a: 'x', secret: 'y' }, other: 1 }), '{"shared":{"a":"x"}}', 'only what the schema has is written')
  t.equal(compile({ schema: structuredClone(schema), method: 'PUT', url: '/a' }), serialize)
  t.not(compile({ ...route, schema: shared }), serialize)
})

t.test('a schema is compiled when the first reply needs it', async (t) => {
  let compiled = 0
  const compile = serializerCompiler([shared])
  const serialize = compileSerializersLater((each) => {
    compiled += 1
    return compile(each)
  })(route)
  t.equal(compiled, 0)
  for (const a of ['x', 'y']) t.equal(serialize({ shared: { a } }), `{"shared":{"a":"${a}"}}`)
  t.equal(compiled, 1)
})
