import t from 'tap'
import type { SecretDecision } from '#src/audit/secret-outcome'
import { unrecordedDecisions } from '#src/request/decisions'

const on = (name: string, allowed = false, environment = 'dev'): SecretDecision =>
  ({ environment, action: 'DescribeSecret', name, allowed, policies: ['p'] })

const size = (decisions: Iterable<readonly SecretDecision[]>): number => [...decisions].flat().length

t.test('a repeated decision is kept once, and taken once', async (t) => {
  const kept = unrecordedDecisions()
  for (const decision of [on('a'), on('a'), on('a', true), on('a', false, 'prod'), on('b')]) kept.add(decision)
  t.same(kept.take({ environment: 'dev', name: 'a' }), [on('a'), on('a', true)])
  t.same(kept.take({ environment: 'dev', name: 'a' }), [])
  t.same([...kept.rest()], [[on('a', false, 'prod')], [on('b')]])
})

t.test('of the denials on secrets that AWS listed, a limited number is kept, and the rest are counted', async (t) => {
  const kept = unrecordedDecisions()
  for (let index = 0; index < 1_000; index += 1) kept.addFound(on(String(index)))
  kept.addFound(on('0'))
  t.match([size(kept.rest()), kept.unlisted()], [1_000, 0])
  for (let index = 0; index < 100_000; index += 1) kept.addFound(on(`more/${index}`))
  t.match([size(kept.rest()), kept.unlisted()], [1_000, 100_000])
  kept.addFound(on('allowed', true))
  kept.add(on('named'))
  t.match([size(kept.rest()), kept.unlisted()], [1_002, 100_000], 'decisions that the reply or the request bounds are kept')
})
