import t from 'tap'
import { metadataFrom } from '#src/aws/metadata'
import { isSecretName } from '#src/environments/names'
import type { Cursors } from '#src/secrets/cursors'
import { listVersions, toMetadata } from '#src/secrets/metadata'
import type { Scope } from '#src/secrets/scope'

const name = 'payments/db'
if (!isSecretName(name)) throw new TypeError('it is not a valid name')
const moment = new Date('2026-11-21T08:00:00Z')

t.test('all metadata that AWS returns is converted to the API\'s format', async (t) => {
  t.same(toMetadata(metadataFrom(name, {
    $metadata: {},
    ARN: 'arn',
    Name: 'dev/payments/db',
    Type: 'partner',
    Description: 'd',
    KmsKeyId: 'alias/k',
    RotationEnabled: true,
    RotationLambdaARN: 'arn:lambda',
    RotationRules: { AutomaticallyAfterDays: 30, Duration: '2h', ScheduleExpression: 'rate(30 days)' },
    LastRotatedDate: moment,
    NextRotationDate: moment,
    CreatedDate: moment,
    LastChangedDate: moment,
    LastAccessedDate: moment,
    DeletedDate: moment,
    OwningService: 'rds',
    PrimaryRegion: 'eu-west-1',
    Tags: [{ Key: 'a', Value: 'b' }, { Key: 'empty' }],
    VersionIdsToStages: { v: ['AWSCURRENT'] },
    ReplicationStatus: [{ Region: 'eu-central-1', KmsKeyId: 'k', Status: 'InSync', StatusMessage: 'm', LastAccessedDate: moment }, { Region: 'us-east-1' }]
  })), {
    name,
    arn: 'arn',
    state: 'pending-deletion',
    type: 'partner',
    description: 'd',
    kmsKeyId: 'alias/k',
    tags: { a: 'b', empty: '' },
    versions: { v: ['AWSCURRENT'] },
    rotation: {
      enabled: true,
      lambdaArn: 'arn:lambda',
      automaticallyAfterDays: 30,
      duration: '2h',
      scheduleExpression: 'rate(30 days)',
      lastRotatedDate: '2026-11-21T08:00:00.000Z',
      nextRotationDate: '2026-11-21T08:00:00.000Z'
    },
    createdDate: '2026-11-21T08:00:00.000Z',
    lastChangedDate: '2026-11-21T08:00:00.000Z',
    lastAccessedDate: '2026-11-21T08:00:00.000Z',
    deletedDate: '2026-11-21T08:00:00.000Z',
    owningService: 'rds',
    primaryRegion: 'eu-west-1',
    replicas: [
      { region: 'eu-central-1', kmsKeyId: 'k', status: 'InSync', statusMessage: 'm', lastAccessedDate: '2026-11-21T08:00:00.000Z' },
      { region: 'us-east-1' }
    ]
  })
})

t.test('a secret is a placeholder until a version is current', async (t) => {
  t.match(toMetadata(metadataFrom(name, { ARN: 'arn', SecretVersionsToStages: { v: ['AWSPENDING'] } })), { state: 'placeholder' })
  t.match(toMetadata(metadataFrom(name, { ARN: 'arn', SecretVersionsToStages: { v: ['AWSCURRENT', 'AWSPENDING'] } })), { state: 'active' })
  t.same(toMetadata(metadataFrom(name, { ARN: 'arn' })), { name, arn: 'arn', state: 'placeholder' })
})

t.test('no page of versions is empty if others follow, although AWS\'s page may be', async (t) => {
  const pages = { first: { items: [], nextCursor: '2' }, 2: { items: [{ versionId: 'v', versionStages: ['AWSCURRENT'] }], nextCursor: '3' } }
  const listSecretVersionIds = async (_scope: unknown, _name: unknown, { cursor = 'first' }: { cursor?: keyof typeof pages }): Promise<object> => pages[cursor]
  const scope = { aws: { listSecretVersionIds } } as unknown as Scope
  const cursors = { seal: (_listing: unknown, { awsPage }: { awsPage?: string }) => `cursor ${awsPage ?? ''}` } as unknown as Cursors
  t.match(await listVersions(scope, cursors, name, { limit: 1 }), { items: [{ versionId: 'v' }], nextCursor: 'cursor 3' })
})
