import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { readCases, runCases } from '#src/authorization/cases'
import { policySetFrom, type PolicyError } from '#src/authorization/policies'
import { readPolicies } from '#src/authorization/policy-folder'

const root = join(import.meta.dirname, '..', '..', '..')

t.test('the test cases of the shipped example policies pass', async (t) => {
  const folder = join(root, 'policies')
  const results = runCases(readPolicies(folder), readCases(folder))
  t.same(results.filter(({ mismatch }) => mismatch !== undefined), [])
  t.ok(results.length > 50)
  const { policies } = readPolicies(folder)
  const deciding = new Set(results.flatMap(({ decision }) => decision.policies))
  t.same(policies.map(({ id }) => id).filter((id) => !deciding.has(id)), [], 'each policy determines the decision of a test case')
})

const policySet = policySetFrom([{
  file: 'a.cedar',
  text: `@id("reads") permit (principal in Group::"readers", action in Action::"read", resource in Environment::"dev");
    @id("not-secret") forbid (principal, action, resource == Secret::"dev/secret");
    @id("blind") permit (principal == Caller::"blind", action == Action::"GetSecretValue", resource in Environment::"dev");
    @id("erring") permit (principal == Caller::"erring", action, resource) when { 9223372036854775807 + 1 == 0 };`
}])

const right = {
  title: 'reads', caller: { id: 'alice', groups: ['readers'] }, actions: ['GetSecretValue'], environment: 'dev', name: 'a', credential: 'c', expect: 'allow'
}

function read (t: Test, cases: unknown): ReturnType<typeof readCases> {
  return readCases(t.testdir({ 'a.test.yaml': typeof cases === 'string' ? cases : stringify(cases) }))
}

t.test('a failed test case reports the actual decision', async (t) => {
  const mismatches = (cases: object[]): unknown[] => runCases(policySet, read(t, cases)).map(({ mismatch }) => mismatch)
  t.same(mismatches([
    right,
    { ...right, policies: ['reads'] },
    { ...right, name: 'secret', expect: 'deny', policies: ['not-secret'] },
    { ...right, caller: { id: 'bob' }, expect: 'deny', policies: [] },
    { ...right, caller: { id: 'bob', method: 'oidc' }, expect: 'deny' }
  ]), [undefined, undefined, undefined, undefined, undefined])
  t.same(mismatches([
    { ...right, expect: 'deny' },
    { ...right, policies: [] },
    { ...right, policies: ['reads', 'not-secret'] },
    { ...right, actions: ['GetSecretValue', 'PutSecretValue'] },
    { ...right, name: 'secret' },
    { ...right, caller: { id: 'bob' } }
  ]), [
    'the answer is allow, by reads', 'the answer is allow, by reads', 'the answer is allow, by reads', undefined, 'the answer is deny, by no policy',
    'the answer is deny, by not-secret', 'the answer is deny, by no policy'
  ])
})

t.test('everything in an environment that the caller may not see is denied', async (t) => {
  const blind = { ...right, caller: { id: 'blind' } }
  const [allow, deny] = runCases(policySet, read(t, [blind, { ...blind, expect: 'deny' }]))
  t.equal(allow?.mismatch, 'the answer is deny, since the caller may not DescribeEnvironment')
  t.equal(deny?.mismatch, undefined)
})

t.test('a denial because of a failed evaluation fails the test case', async (t) => {
  for (const [change, mismatch] of [
    [{ actions: ['ListSecrets'] }, /resource type `Secret` is not valid/], [{ caller: { id: 'erring' } }, /integer overflow/]
  ] as const) {
    t.match(runCases(policySet, read(t, [{ ...right, ...change, expect: 'deny' }])), [{ mismatch }])
  }
})

t.test('invalid test case files', async (t) => {
  const issues = (cases: unknown): string[] => {
    try {
      read(t, cases)
      return []
    } catch (error) {
      return (error as PolicyError).issues.map(({ line, message }) => `${line}: ${message}`)
    }
  }
  t.same(issues([]), ['1: must NOT have fewer than 1 items'])
  t.same(issues(''), ['1: must be array'])
  t.same(issues('- a: [1\n'), ['2: not YAML: BAD_INDENT'])
  t.same(issues([right, { ...right, actions: ['Read'] }]), ['15: 1.actions.0 must be equal to one of the allowed values'])
  t.same(issues([{ ...right, colour: 'red' }]), ['1: 0 must NOT have additional properties colour'])
  t.same(issues([{ ...right, expect: 'maybe', credential: undefined }]), ['1: 0 must have required property \'credential\'', '10: 0.expect must be equal to one of the allowed values'])
  t.same(readCases(t.testdir({ 'a.cedar': '' })), [])
})
