import fc from 'fast-check'
import t from 'tap'
import { actionNames, actionTable, type ResourceType } from '#src/authorization/actions'
import { policyAuthorizer, type EvaluationFailure } from '#src/authorization/authorizer'
import type { Authorize, Question } from '#src/authorization/decision'
import { PolicyError, policySetFrom } from '#src/authorization/policies'
import { groups, plainDecision, toCedar, type Rule } from '#test/plain-policies'

const never = ({ message }: EvaluationFailure): void => { throw new Error(message) }

const authorizer = (text: string, onFailure = never): Authorize => policyAuthorizer(policySetFrom([{ file: 'a.cedar', text }]), onFailure)

const question: Question = {
  caller: { id: 'deploy-bot', groups: ['pipelines'], method: 'api-key' },
  action: 'GetSecretValue',
  environment: 'dev',
  name: 'payments/db',
  credentialId: 'dev-account'
}

const everything = '@id("everything") permit (principal, action, resource);'

t.test('a question that no policy permits is denied', async (t) => {
  t.same(policyAuthorizer({ policies: [] }, never)(question), { allowed: false, policies: [] })
  t.same(authorizer('@id("other") permit (principal == Caller::"other", action, resource);')(question), { allowed: false, policies: [] })
})

t.test('a permitted question is allowed unless another policy forbids it', async (t) => {
  const permits = '@id("b") permit (principal in Group::"pipelines", action, resource); @id("a") permit (principal == Caller::"deploy-bot", action, resource);'
  t.same(authorizer(permits)(question), { allowed: true, policies: ['a', 'b'] })
  const forbids = `${permits} @id("c") forbid (principal, action, resource) when { resource.environment == "dev" } unless { action == Action::"VerifyCredential" };`
  t.throws(() => authorizer(forbids), PolicyError, 'a credential has no environment')
  t.same(authorizer(`${permits} @id("c") forbid (principal, action, resource in Environment::"dev");`)(question), { allowed: false, policies: ['c'] })
})

t.test('a failed evaluation of any policy results in a denial', async (t) => {
  const overflow = 'when { 9223372036854775807 + 1 == 0 }'
  for (const effect of ['permit', 'forbid']) {
    const failures: EvaluationFailure[] = []
    const authorize = authorizer(`${everything} @id("erring") ${effect} (principal, action, resource) ${overflow};`, (failure) => { failures.push(failure) })
    t.same(authorize(question), { allowed: false, policies: ['erring'] })
    t.same(authorize(question), { allowed: false, policies: ['erring'] })
    t.match(failures, [{ policies: ['erring'], message: /integer overflow/ }, { policies: ['erring'] }], 'each failure is reported: failures are not cached')
  }
  t.same(authorizer(`${everything} @id("erring") forbid (principal == Caller::"other", action, resource) ${overflow};`)(question), { allowed: true, policies: ['everything'] })
})

t.test('a question that Cedar rejects is denied', async (t) => {
  const misfits: readonly (readonly [Partial<Question>, RegExp])[] = [
    [{ caller: { ...question.caller, id: 'half \uD800' } }, /not well-formed/],
    [{ caller: { ...question.caller, groups: ['half \uDC00'] } }, /not well-formed/],
    [{ credentialId: '\uD800' }, /not well-formed/],
    [{ action: 'ListSecrets' }, /resource type `Secret` is not valid/],
    [{ action: 'constructor' as 'GetSecretValue' }, /does not exist in the supplied schema/],
    [{ caller: { ...question.caller, method: 'password' as 'api-key' } }, /Method/],
    [{ name: undefined, environment: undefined } as object, /resource type `Credential` is not valid/]
  ]
  for (const [change, message] of misfits) {
    const failures: EvaluationFailure[] = []
    const authorize = authorizer(everything, (failure) => { failures.push(failure) })
    t.same(authorize({ ...question, ...change }), { allowed: false, policies: [] })
    t.match(failures, [{ policies: [], message }])
    t.same(authorize(question), { allowed: true, policies: ['everything'] }, 'the next question is answered')
  }
})

t.test('a policy set that can\'t be loaded is refused', async (t) => {
  const [policy] = policySetFrom([{ file: 'a.cedar', text: everything }]).policies
  if (policy === undefined) throw new Error('there is a policy')
  t.throws(() => policyAuthorizer({ policies: [{ ...policy, text: 'nonsense' }] }, never), /unexpected end of input/)
  t.same(authorizer(everything)(question), { allowed: true, policies: ['everything'] })
})

t.test('several policy sets can be used alternately', async (t) => {
  const [all, none] = [authorizer(everything), authorizer('@id("none") forbid (principal, action, resource);')]
  for (const name of ['a', 'b']) {
    t.same(all({ ...question, name }), { allowed: true, policies: ['everything'] })
    t.same(none({ ...question, name }), { allowed: false, policies: ['none'] })
  }
})

t.test('strings in a question are never interpreted as syntax', async (t) => {
  const tricks = [
    '"', '\\', 'a\\"b', '::', 'Caller::"deploy-bot"', 'deploy-bot" || true', '*', 'deploy-bo*', 'deploy-bot\0', 'DEPLOY-BOT', ' deploy-bot', 'deploy-bot ',
    'dеploy-bot', '{"__entity":{"type":"Caller","id":"deploy-bot"}}', '__entity', '__proto__', 'constructor', '?principal', '$&', '\u202E', '\n'
  ]
  const authorize = authorizer(`
    @id("bot") permit (principal == Caller::"deploy-bot", action, resource);
    @id("group") permit (principal in Group::"administrators", action, resource);
    @id("prefix") permit (principal == Caller::"reader", action, resource is Secret in Environment::"dev") when { resource.name like "team-a/*" };
    @id("credential") permit (principal, action, resource) when { context.credential == Credential::"root" };`)
  for (const id of tricks) {
    t.notOk(authorize({ ...question, caller: { id, groups: [id], method: 'oidc' }, credentialId: id }).allowed, JSON.stringify(id))
    t.notOk(authorize({ ...question, caller: { id: 'reader', groups: tricks, method: 'oidc' }, name: id }).allowed, JSON.stringify(id))
    const rule: Rule = { id: 'own', effect: 'permit', who: { caller: id } }
    // Skips the strings that can't be used in a valid policy.
    if (!isUsable(rule)) continue
    const own = authorizer(toCedar(rule))
    t.ok(own({ ...question, caller: { id, groups: [], method: 'oidc' } }).allowed, 'the string matches only itself')
    t.notOk(own(question).allowed)
  }
  const named = (name: string): boolean => authorize({ ...question, caller: { id: 'reader', groups: [], method: 'oidc' }, name }).allowed
  t.ok(named('team-a/x'))
  for (const name of ['team-ab/x', 'team-a', 'Team-a/x', 'x/team-a/x', 'team-a*', '../team-a/x']) t.notOk(named(name), name)
  t.notOk(authorize({ ...question, caller: { id: 'reader', groups: [], method: 'oidc' }, environment: 'dev/team-a', name: 'x' }).allowed)
})

t.test('the cache key includes the whole question', async (t) => {
  const changes: readonly Partial<Question>[] = [
    { caller: { ...question.caller, id: 'x' } }, { caller: { ...question.caller, groups: [] } }, { caller: { ...question.caller, method: 'oidc' } },
    { action: 'PutSecretValue' }, { environment: 'prod' }, { name: 'payments/other' }, { credentialId: 'other' }
  ]
  const text = `@id("exact") permit (principal == Caller::"deploy-bot", action == Action::"GetSecretValue", resource == Secret::"dev/payments/db")
    when { principal in Group::"pipelines" && principal.method == Method::"api-key" && context.credential == Credential::"dev-account" };`
  const authorize = authorizer(text)
  for (const change of changes) {
    t.ok(authorize(question).allowed)
    t.notOk(authorize({ ...question, ...change }).allowed, JSON.stringify(change))
  }
  t.equal(authorize({ ...question }), authorize(question), 'the decision is cached')
})

t.test('the action groups are as documented', async (t) => {
  t.same(Object.fromEntries(Object.entries(groups).map(([group, names]) => [group, [...names].sort()])),
    Object.fromEntries(Object.keys(groups).map((group) => [group, actionNames.filter((name) => actionTable[name].group === group).sort()])))
})

const oneOf = <const T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const environments = ['dev', 'prod']
const names = ['team-a/x', 'team-a/y', 'team-ab/x', 'team-a']
const people = ['alice', 'bob', 'issuer:"quoted"']
const teams = ['a', 'b']

const rules: fc.Arbitrary<Omit<Rule, 'id'>> = fc.record({
  effect: oneOf('permit', 'permit', 'permit', 'forbid'),
  who: oneOf<NonNullable<Rule['who']>>(...people.map((caller) => ({ caller })), ...teams.map((group) => ({ group }))),
  actions: fc.oneof(fc.subarray(Object.keys(groups), { minLength: 1 }), fc.subarray(actionNames, { minLength: 1, maxLength: 6 })),
  where: oneOf<NonNullable<Rule['where']>>(
    ...environments.flatMap((name) => [{ in: name }, { itself: name }, { secretsOf: name }, { secretsOf: name, prefix: 'team-a/' }]),
    { secret: 'dev/team-a/x' }
  ),
  condition: oneOf<Partial<Rule>>({}, { credential: 'one' }, { method: 'oidc' }, { unless: 'a' }, { credential: 'two', unless: 'b' })
}, { requiredKeys: ['effect', 'condition'] }).map(({ condition, ...rule }) => ({ ...rule, ...condition }))

const questions: fc.Arbitrary<Question> = oneOf(...actionNames).chain((action) => fc.record({
  caller: fc.record({ id: oneOf(...people), groups: fc.subarray(teams), method: oneOf('api-key', 'oidc') }),
  action: fc.constant(action),
  credentialId: oneOf('one', 'two'),
  on: oneOf<ResourceType>(...actionTable[action].on),
  environment: oneOf(...environments),
  name: oneOf(...names)
})).map(({ on, environment, name, ...rest }) => ({ ...rest, ...(on !== 'Credential' && { environment }), ...(on === 'Secret' && { name }) }))

/** Returns true if a rule makes a valid policy. A policy that can never apply is invalid. */
function isUsable (rule: Rule): boolean {
  try {
    return policySetFrom([{ file: 'a.cedar', text: toCedar(rule) }]).policies.length === 1
  } catch {
    return false
  }
}

/** Returns the rules that make valid policies. Validates them together, because loading the schema takes most of the time. */
function usable (drawn: readonly Rule[]): readonly Rule[] {
  try {
    policySetFrom([{ file: 'a.cedar', text: drawn.map(toCedar).join('\n') }])
    return drawn
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const refused = new Set(error.issues.map(({ line }) => line))
    return usable(drawn.filter((_, index) => !refused.has(index + 1)))
  }
}

const ruleSets = fc.array(rules, { minLength: 3, maxLength: 10 }).map((drawn) => usable(drawn.map((rule, index) => ({ ...rule, id: `p${index}` }))))

t.test('random policies and questions: the decisions agree with the reference implementation, in any order of the policies', async (t) => {
  let allowed = 0
  fc.assert(fc.property(ruleSets, fc.array(questions, { minLength: 20, maxLength: 20 }), (drawn, asked) => {
    const forward = authorizer(drawn.map(toCedar).join('\n'))
    const expected = asked.map((one) => plainDecision(drawn, one))
    const found = asked.map((one) => forward(one))
    const backward = authorizer(drawn.map(toCedar).reverse().join('\n'))
    t.strictSame(found, expected)
    t.strictSame(asked.map((one) => backward(one)), expected)
    allowed += found.filter((one) => one.allowed).length
  }), { numRuns: 100 })
  t.ok(allowed > 100, `some questions are allowed: ${allowed}`)
})

t.test('random policies with a failing one: the question is denied wherever it applies', async (t) => {
  fc.assert(fc.property(ruleSets, questions, oneOf('permit', 'forbid'), (drawn, asked, effect) => {
    const erring = `@id("erring") ${effect} (principal, action, resource) when { principal.id != "bob" && 9223372036854775807 + 1 == 0 };`
    const { allowed, policies } = authorizer([erring, ...drawn.map(toCedar)].join('\n'), () => undefined)(asked)
    if (asked.caller.id === 'bob') t.strictSame({ allowed, policies }, plainDecision(drawn, asked))
    else t.strictSame({ allowed, policies }, { allowed: false, policies: ['erring'] })
  }), { numRuns: 100 })
})
