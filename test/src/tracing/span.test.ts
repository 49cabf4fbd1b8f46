import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Problem } from '#src/problems/problem'
import { inSpan, waitInSpan, type Attributes, type Span, type SpanOptions } from '#src/tracing/span'

/** Returns a span that records its child spans. */
function recorder (): { span: Span, parts: { name: string, options: SpanOptions | undefined, attributes: Attributes, end?: string | undefined }[] } {
  const parts: ReturnType<typeof recorder>['parts'] = []
  const spanOf = (part: { attributes: Attributes, end?: string | undefined }): Span => ({
    traceId: '1',
    spanId: '2',
    begin (name, options) {
      const begun: (typeof parts)[number] = { name, options, attributes: {} }
      parts.push(begun)
      return spanOf(begun)
    },
    set (attributes) { Object.assign(part.attributes, attributes) },
    end (failure = 'ok') { part.end = failure }
  })
  return { span: spanOf({ attributes: {} }), parts }
}

t.test('work that returns, throws, resolves or rejects ends its span', async (t) => {
  const { span, parts } = recorder()
  t.equal(inSpan(span, 'returns', (own) => { own?.set({ a: 1 }); return 1 }), 1)
  t.throws(() => inSpan(span, 'throws', () => { throw new TypeError('secret') }), { message: 'secret' })
  const work = inSpan(span, 'resolves', async () => setTimeout(1, 2))
  t.notOk('end' in (parts[2] ?? {}), 'it ends when the promise is settled')
  t.equal(await work, 2)
  await t.rejects(inSpan(span, 'rejects', async () => { throw new Problem('forbidden') }, { kind: 'client' }), { code: 'forbidden' })
  t.strictSame(parts, [
    { name: 'returns', options: undefined, attributes: { a: 1 }, end: 'ok' },
    { name: 'throws', options: undefined, attributes: {}, end: 'internal-error' },
    { name: 'resolves', options: undefined, attributes: {}, end: 'ok' },
    { name: 'rejects', options: { kind: 'client' }, attributes: {}, end: 'forbidden' }
  ])
  t.equal(inSpan(undefined, 'untraced', (own) => own), undefined)
})

t.test('only a noticeable wait has a span', async (t) => {
  const { span, parts } = recorder()
  t.equal(await waitInSpan(span, 'none', Promise.resolve(1)), 1)
  t.equal(await waitInSpan(undefined, 'untraced', Promise.resolve(1)), 1)
  await waitInSpan(span, 'long', setTimeout(10))
  await t.rejects(waitInSpan(span, 'fails', Promise.reject(new Problem('overloaded'))), { code: 'overloaded' })
  t.match(parts, [{ name: 'long', options: { ago: Number }, end: 'ok' }, { name: 'fails', end: 'overloaded' }])
  t.equal(parts.length, 2)
  t.ok(Number(parts[0]?.options?.ago) >= 9)
})
