import t from 'tap'
import { problemFromFramework } from '#src/http/framework-errors'
import { requestErrors } from '#src/http/schema-errors'
import { invalidRequest } from '#src/problems/problem'

t.test('schema errors are converted to errors of the API', async (t) => {
  const error = { instancePath: '/a', keyword: 'x', params: {} }
  t.same(requestErrors('body', [{ ...error, message: 'must be so' }]), [{ in: 'body', pointer: '/a', message: 'must be so' }])
  t.same(requestErrors('unheard-of', [error]), [{ in: 'body', pointer: '/a', message: 'is invalid' }])
  t.same(requestErrors('params', [{ ...error, keyword: 'pattern', message: 'must match' }]), [{ in: 'path', pointer: '/a', message: 'must match' }])
  t.same(requestErrors('headers', [{ ...error, params: { additionalProperty: 'b/c~d' } }]), [{ in: 'header', pointer: '/a/b~1c~0d', message: 'is invalid' }])
  t.same(requestErrors('querystring', [{ ...error, params: { additionalProperty: 'canary' } }]), [{ in: 'query', pointer: '/a', message: 'is invalid' }], 'a query string is not echoed')
  const { options } = invalidRequest(requestErrors('body', Array.from({ length: 300_000 }, () => error)))
  t.match([options.errors?.length, options.errorCount], [100, 300_000], 'the number of reported errors is limited')
})

t.test('anything that is thrown becomes a problem', async (t) => {
  for (const [thrown, code] of [
    [undefined, 'internal-error'], [null, 'internal-error'], ['text', 'internal-error'], [new Error('x'), 'internal-error'],
    [{ statusCode: 400, code: 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' }, 'malformed-request'], [{ statusCode: 503 }, 'internal-error'],
    [{ statusCode: 404, code: 'FST_ERR_NOT_FOUND' }, 'not-found']
  ] as const) t.equal(problemFromFramework(thrown).code, code)
})
