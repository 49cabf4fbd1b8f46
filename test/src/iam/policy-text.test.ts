import t from 'tap'
import type { Action } from '#src/authorization/actions'
import { environmentFrom } from '#src/environments/environment'
import { kmsKeyStatement } from '#src/iam/kms-key'
import { iamPolicy, type PolicySubject, type Statement } from '#src/iam/policy'

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'

t.test('a policy names no more than the configuration determines', async (t) => {
  const environment = environmentFrom('prod', { region: 'cn-north-1', credential: 'keys', kmsKeyId: 'alias/aws/secretsmanager' })
  const { policy, notes } = iamPolicy({ environment, credentials: new Map(), actions: ['GetSecretValue'] })
  t.strictSame(policy.Statement, [
    { Sid: 'Read', Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: 'arn:aws-cn:secretsmanager:cn-north-1:*:secret:prod/*' }
  ])
  t.match(notes, [/set environments\.prod\.account/])

  const role = { kind: 'assume-role', roleArn: 'arn:aws:iam::444455556666:role/gateway', source: 'keys' } as const
  const ofRole = iamPolicy({
    environment: environmentFrom('prod', { region: 'eu-west-1', credential: 'role', allowedCredentials: ['other'], kmsKeyId: keyId }),
    credentials: new Map([['role', role]]),
    queues: [
      { queueUrl: 'https://sqs.eu-west-1.amazonaws.com/444455556666/events', region: 'eu-west-1', credential: 'role' },
      { queueUrl: 'https://queue.example.com/events', region: 'eu-west-1', credential: 'role' },
      { queueUrl: 'https://sqs.eu-west-1.amazonaws.com/444455556666/others', region: 'eu-west-1', credential: 'other' }
    ],
    actions: ['GetSecretValue', 'RotateSecret']
  })
  t.strictSame(ofRole.policy.Statement.map(({ Sid, Resource }) => [Sid, Resource]), [
    ['Read', 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:prod/*'],
    ['Rotate', 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:prod/*'],
    ['InvokeRotationFunction', 'arn:aws:lambda:eu-west-1:444455556666:function:*'],
    ['UseKey', `arn:aws:kms:eu-west-1:444455556666:key/${keyId}`],
    ['ReceiveEvents', ['arn:aws:sqs:eu-west-1:444455556666:events']]
  ])
  t.match(ofRole.notes, [/also allows other/, /sts:AssumeRole and sts:SetSourceIdentity/, /--rotation-function/, /queue\.example\.com/])
  t.equal(ofRole.notes.length, 4)
})

type Declared = Parameters<typeof environmentFrom>[1]

/** Returns the policy for some actions, and its notes. */
function policyFor (
  actions: readonly Action[], change: Partial<Declared> = {}, more: Partial<PolicySubject> = {}
): { statements: readonly Statement[], notes: readonly string[] } {
  const environment = environmentFrom('dev', { region: 'eu-west-1', account: '111122223333', credential: 'keys', ...change })
  const { policy, notes } = iamPolicy({ environment, credentials: new Map(), actions, ...more })
  return { statements: policy.Statement, notes }
}

const sids = ({ statements }: { statements: readonly Statement[] }): string[] => statements.map(({ Sid }) => Sid)

t.test('a policy has only the statements that its actions need', async (t) => {
  t.strictSame(policyFor([]), { statements: [], notes: [] })
  t.strictSame(policyFor(['GetRandomPassword'], { kmsKeyId: keyId }).statements, [
    { Sid: 'WithoutResource', Effect: 'Allow', Action: ['secretsmanager:GetRandomPassword'], Resource: '*', Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } }
  ])
  t.same(sids(policyFor(['ListSecrets', 'CreateSecret', 'PutResourcePolicy'])), ['WithoutResource', 'Read', 'Write', 'Administer'])
  t.same(sids(policyFor(['GetSecretValue'], { kmsKeyId: keyId })), ['Read', 'UseKey'])
  const creating = (replicaRegions: string[]): readonly string[] => policyFor(['CreateSecret'], { replicaRegions }).statements.flatMap(({ Action }) => Action)
  t.notMatch(creating([]).join(), 'Replicate')
  t.match(creating(['eu-central-1']).join(), 'ReplicateSecretToRegions')
})

t.test('the functions of rotations', async (t) => {
  const lambdaArn = 'arn:aws:lambda:eu-west-1:111122223333:function:rotator'
  const named = policyFor(['RotateSecret'], {}, { rotationFunctions: [lambdaArn] })
  t.match(named.statements.at(-1), { Sid: 'InvokeRotationFunction', Resource: [lambdaArn] })
  t.same(named.notes, [])
  t.match(policyFor(['RotateSecret']).notes, [/--rotation-function/])
  t.same(policyFor(['GetSecretValue']).notes, [])
})

t.test('the account is the one that the environment declares, or else its role\'s account', async (t) => {
  const role = { kind: 'assume-role', roleArn: 'arn:aws:iam::444455556666:role/gateway', source: 'keys' } as const
  const credentials: PolicySubject['credentials'] = new Map([['keys', role]])
  t.equal(policyFor(['GetSecretValue'], {}, { credentials }).statements[0]?.Resource, 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:dev/*')
  const ofRole = iamPolicy({ environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'keys' }), credentials, actions: ['GetSecretValue'] })
  t.equal(ofRole.policy.Statement[0]?.Resource, 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:dev/*')
  t.equal(ofRole.notes.length, 1, 'no account is missing')
  t.same(policyFor(['GetSecretValue'], { allowedCredentials: ['keys'] }).notes, [], 'the default credential is no other one')
})

t.test('a key is named by its ID, and an alias is a condition', async (t) => {
  const place = { partition: 'aws', region: 'eu-west-1', account: '111122223333' }
  const via = { StringLike: { 'kms:ViaService': 'secretsmanager.eu-west-1.*' } }
  const key = (account = '111122223333'): object => ({ Resource: `arn:aws:kms:eu-west-1:${account}:key/${keyId}`, Condition: via })
  t.strictSame(kmsKeyStatement(keyId, place), key())
  t.strictSame(kmsKeyStatement(`arn:aws:kms:eu-west-1:444455556666:key/${keyId}`, place), key('444455556666'))
  const alias = (account = '111122223333'): object => ({
    Resource: `arn:aws:kms:eu-west-1:${account}:key/*`, Condition: { ...via, 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/dev' } }
  })
  t.strictSame(kmsKeyStatement('alias/dev', place), alias())
  t.strictSame(kmsKeyStatement('arn:aws:kms:eu-west-1:444455556666:alias/dev', place), alias('444455556666'))
  for (const own of ['alias/aws/secretsmanager', 'arn:aws:kms:eu-west-1:111122223333:alias/aws/secretsmanager']) t.equal(kmsKeyStatement(own, place), undefined)
})
