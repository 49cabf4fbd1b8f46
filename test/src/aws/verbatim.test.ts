import t from 'tap'
import { secretIn } from '#src/aws/secret-ids'
import { inputFor, writtenInAwsForm } from '#src/aws/verbatim'
import type { AwsCall } from '#src/aws/call'
import { environmentFrom } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'

const environment = environmentFrom('dev', { region: 'eu-west-1', credential: 'c', account: '111111111111' })
const call: AwsCall = { environment, credentialId: 'c' }

t.test('a reply in AWS\'s format is made from the result of a write', async (t) => {
  const secret = { name: 'a' as SecretName, arn: 'arn' }
  t.same(writtenInAwsForm(call, secret), { ARN: 'arn', Name: 'dev/a' })
  t.same(writtenInAwsForm(call, { ...secret, versionId: 'v' }), { ARN: 'arn', Name: 'dev/a', VersionId: 'v' })
  t.same(writtenInAwsForm(call, { ...secret, deletionDate: new Date(1_500) }), { ARN: 'arn', Name: 'dev/a', DeletionDate: 1.5 })
  t.same(writtenInAwsForm(call, { ...secret, replicas: [{ region: 'eu-central-1', status: 'InSync' }] }),
    { ARN: 'arn', Name: 'dev/a', ReplicationStatus: [{ Region: 'eu-central-1', Status: 'InSync' }] })
})

t.test('the request\'s own input replaces the port\'s for one operation', async (t) => {
  const verbatim = { operation: 'CreateSecret', inputFor: (own: object) => ({ ...own, Type: 'x' }), onReply: () => undefined }
  t.same(inputFor({ ...call, verbatim }, 'CreateSecret', { Name: 'a' }), { Name: 'a', Type: 'x' })
  t.same(inputFor({ ...call, verbatim }, 'DescribeSecret', { SecretId: 'a' }), { SecretId: 'a' })
  t.same(inputFor(call, 'CreateSecret', { Name: 'a' }), { Name: 'a' })
})

t.test('the names and ARNs of AWS\'s protocol', async (t) => {
  const arn = (name: string, region = 'eu-west-1', account = '111111111111'): string => `arn:aws:secretsmanager:${region}:${account}:secret:${name}`
  for (const [id, expected] of [
    ['dev/a', { name: 'a' }],
    ['dev//a/../b', { name: '/a/../b' }],
    [arn('dev/a-AbCd1f'), { name: 'a', arn: arn('dev/a-AbCd1f') }],
    [arn('dev/a'), { name: 'a' }],
    [arn('dev/backup-261129'), { name: 'backup-261129' }],
    ['dev/', undefined],
    ['a', undefined],
    ['dev/a b', undefined],
    [`dev/${'a'.repeat(509)}`, undefined],
    [arn('prod/a-AbCd1f'), undefined],
    [arn('dev/a-AbCd1f', 'eu-west-2'), undefined],
    [arn('dev/a-AbCd1f', 'eu-west-1', '222222222222'), undefined],
    ['arn:aws:kms:eu-west-1:111111111111:secret:dev/a-AbCd1f', undefined]
  ] as const) t.same(secretIn(environment, id), expected, id.slice(0, 80))
})
