/**
 * Measures the cost of an authorization decision with 1, 50 and 500 policies, for evaluated and for cached decisions.
 * The variants take turns, so that other load on the machine affects all of them equally.
 *
 *     node --expose-gc bench/authorization.ts [ROUNDS]
 */
import { policyAuthorizer } from '#src/authorization/authorizer'
import type { Authorize, Question } from '#src/authorization/decision'
import { policySetFrom, type PolicySet } from '#src/authorization/policies'

const rounds = Number(process.argv[2] ?? 25)
const sizes = [1, 50, 500]

/** Creates a policy set of `count` policies, each for a team with its own prefix. */
const teams = (count: number): PolicySet => policySetFrom([{
  file: 'teams.cedar',
  text: Array.from({ length: count }, (_, index) => `@id("team-${index}") permit (
    principal in Group::"team-${index}", action in [Action::"read", Action::"write"], resource is Secret in Environment::"dev"
  ) when { resource.name like "team-${index}/*" && context.credential == Credential::"dev-account" };`).join('\n')
}])

const question = (index: number): Question => ({
  caller: { id: 'corporate:alice', groups: ['team-0', 'corporate:staff'], method: 'oidc' },
  action: 'GetSecretValue',
  environment: 'dev',
  name: `team-0/service-${index}/database`,
  credentialId: 'dev-account'
})

const onFailure = ({ message }: { message: string }): never => { throw new Error(message) }

/** Returns the mean time per question in microseconds. */
function time (authorize: Authorize, questions: readonly Question[]): number {
  const start = performance.now()
  for (const one of questions) if (!authorize(one).allowed) throw new Error('The policies should permit this question')
  return (performance.now() - start) * 1_000 / questions.length
}

let asked = 0
const fresh = (count: number): Question[] => Array.from({ length: count }, () => question(asked++))
const same = Array.from({ length: 1_000 }, (_, index) => question(-1 - index))

const variants = sizes.flatMap((size) => {
  const policySet = teams(size)
  const authorize = policyAuthorizer(policySet, onFailure)
  // Loads the policy set into Cedar before each measurement. Cedar holds only one set, and each size has another set.
  const warmUp = (): void => { authorize(question(asked++)) }
  return [
    {
      title: `${size} policies, evaluated`,
      measure: () => {
        warmUp()
        return time(authorize, fresh(Math.max(20, 1_000 / size)))
      }
    },
    {
      title: `${size} policies, cached`,
      measure: () => {
        warmUp()
        time(authorize, same)
        return time(authorize, same)
      }
    }
  ]
})

const measured = new Map<string, number[]>(variants.map(({ title }) => [title, []]))
for (let round = -3; round < rounds; round++) {
  for (const { title, measure } of variants) {
    const microseconds = measure()
    // Discards three warm-up rounds, in which V8 compiles the code.
    if (round >= 0) measured.get(title)?.push(microseconds)
  }
}

const quantile = (sorted: readonly number[], part: number): number => sorted[Math.round((sorted.length - 1) * part)] ?? NaN
console.log(`${'µs per decision'.padEnd(26)}${['median', '25 %', '75 %', 'max'].map((title) => title.padStart(10)).join('')}`)
for (const [title, times] of measured) {
  const sorted = times.toSorted((one, other) => one - other)
  const columns = [0.5, 0.25, 0.75, 1].map((part) => quantile(sorted, part).toFixed(1).padStart(10))
  console.log(title.padEnd(26) + columns.join(''))
}

// Shows that the cache stays bounded, however many decisions are requested.
const authorize = policyAuthorizer(teams(1), onFailure)
const heap = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}
const before = heap()
for (const questions of [50_000, 100_000, 200_000]) {
  while (asked < questions) authorize(question(asked++))
  console.log(`${String(asked).padStart(7)} questions asked: the heap has grown by ${(heap() - before).toFixed(1)} MiB`)
}
