import t from 'tap'
import { cacheEffectOf } from '#src/cache/failures'
import { Problem, type ProblemOptions } from '#src/problems/problem'
import type { ProblemCode } from '#src/problems/catalogue'
import type { FailureCause } from '#src/problems/failure'

const failed = (cause: FailureCause): ProblemOptions => ({ failure: { operation: 'GetSecretValue', cause, effect: 'only-read' } })

t.test('the effect of a failed read on the cached answers', async (t) => {
  const cases: readonly (readonly [ProblemCode, ProblemOptions, string])[] = [
    ['secret-not-found', {}, 'absent'], ['version-not-found', {}, 'absent'],
    ['aws-throttled', {}, 'unanswered'], ['aws-unavailable', failed('failed'), 'unanswered'], ['aws-timeout', failed('timed-out'), 'unanswered'],
    ['aws-unavailable', failed('unreadable'), 'undecided'], ['aws-unavailable', {}, 'undecided'],
    ['overloaded', {}, 'undecided'], ['caller-gone', {}, 'undecided'],
    ['aws-access-denied', {}, 'refused'], ['internal-error', {}, 'refused']
  ]
  for (const [code, options, effect] of cases) t.equal(cacheEffectOf(new Problem(code, options)), effect, `${code} ${JSON.stringify(options)}`)
  t.equal(cacheEffectOf(new TypeError('a defect')), 'undecided', 'a defect of the gateway says nothing about the secret')
})
