import t, { type Test } from 'tap'
import { environmentFrom } from '#src/environments/environment'
import { defaultThresholds, rules, type Judgement, type RuleName, type SecretFacts, type Thresholds } from '#src/secrets/posture/rules'

const now = Date.parse('2026-06-30T12:00:00Z')
const day = 86_400_000

/** Returns the date that was this long ago, in days and milliseconds. */
const ago = (days: number, milliseconds = 0): Date => new Date(now - days * day - milliseconds)

interface Circumstances {
  thresholds?: Partial<Thresholds>
  environment?: { requiredSecrets?: string[], replicaRegions?: string[] }
  replicas?: { region: string, status: string }[]
  policy?: string | null
}

/** Judges a secret of `eu-west-1`. */
function judge (rule: RuleName, secret: object, { thresholds, environment, replicas, policy }: Circumstances = {}): Judgement | undefined {
  const whole = { name: 'a', arn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a', state: 'active', ...secret } as unknown as SecretFacts['secret']
  return rules[rule].judge(
    { secret: whole, ...replicas !== undefined && { details: { ...whole, replicas } }, ...policy !== undefined && { policy } },
    { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'c', ...environment }), thresholds: { ...defaultThresholds, ...thresholds }, now }
  )
}

const passed: Judgement = { status: 'passed' }
const failed = (detail: string): Judgement => ({ status: 'failed', detail })
const unknown = (detail: string): Judgement => ({ status: 'unknown', detail })

/** Checks the result of a rule in each case. */
const check = (t: Test, rule: RuleName, cases: readonly (readonly [secret: object, expected: Judgement | undefined, circumstances?: Circumstances])[]): void => {
  for (const [secret, expected, circumstances] of cases) t.strictSame(judge(rule, secret, circumstances), expected, JSON.stringify([secret, circumstances]))
}

t.test('rotations', async (t) => {
  check(t, 'SecretsManager.1', [
    [{}, failed('Rotation is not enabled')], [{ rotation: { enabled: false } }, failed('Rotation is not enabled')], [{ rotation: { enabled: true } }, passed]
  ])
  const rotated = (nextRotationDate?: Date, versions?: object): object => ({ rotation: { enabled: true, nextRotationDate }, versions })
  const isPending = unknown('A rotation has begun and not ended: it is in progress, or has failed')
  check(t, 'SecretsManager.2', [
    [{}, undefined], [{ rotation: { enabled: false, nextRotationDate: ago(9) } }, undefined], [rotated(), passed],
    [rotated(ago(0)), passed], [rotated(ago(0, 1)), failed('The rotation has been due since 2026-06-30')],
    [rotated(undefined, { a: ['AWSCURRENT'], b: ['AWSPENDING'] }), isPending], [rotated(undefined, { a: ['AWSCURRENT', 'AWSPENDING'] }), passed],
    [rotated(undefined, { a: ['AWSCURRENT'], b: ['AWSPREVIOUS'] }), passed]
  ])
  check(t, 'SecretsManager.4', [
    [{}, passed], [{ createdDate: ago(90) }, passed], [{ createdDate: ago(90, 1) }, failed('Never rotated since its creation on 2026-04-01')],
    [{ createdDate: ago(100), rotation: { lastRotatedDate: ago(90) } }, passed],
    [{ createdDate: ago(100), rotation: { lastRotatedDate: ago(91) } }, failed('Last rotated on 2026-03-31')],
    [{ createdDate: ago(2) }, failed('Never rotated since its creation on 2026-06-28'), { thresholds: { rotatedWithinDays: 1 } }]
  ])
})

t.test('use, tags, values and requirements', async (t) => {
  check(t, 'SecretsManager.3', [
    [{}, passed], [{ createdDate: ago(90) }, passed], [{ createdDate: ago(90, 1) }, failed('Never read since its creation on 2026-04-01')],
    [{ createdDate: ago(100), lastAccessedDate: ago(90) }, passed], [{ createdDate: ago(100), lastAccessedDate: ago(91) }, failed('Last read on 2026-03-31')],
    [{ createdDate: ago(2) }, failed('Never read since its creation on 2026-06-28'), { thresholds: { unusedForDays: 1 } }]
  ])
  const thresholds = { requiredTags: ['owner', 'team'] }
  check(t, 'SecretsManager.5', [
    [{}, failed('Without tags')], [{ tags: { 'aws:made-by': 'a' } }, failed('Without tags')], [{ tags: { team: '' } }, passed],
    [{}, failed('Without the tags owner, team'), { thresholds }], [{ tags: { team: 'a' } }, failed('Without the tags owner'), { thresholds }],
    [{ tags: { team: 'a', owner: 'b' } }, passed, { thresholds }]
  ])
  check(t, 'value', [[{ state: 'placeholder' }, failed('A placeholder, without a value')], [{}, passed]])
  check(t, 'required', [[{}, undefined], [{}, passed, { environment: { requiredSecrets: ['a'] } }], [{}, undefined, { environment: { requiredSecrets: ['b'] } }]])
})

t.test('keys, replicas and resource policies', async (t) => {
  const ofAws = failed('The KMS key is aws/secretsmanager')
  check(t, 'kms-key', [
    [{}, ofAws], [{ kmsKeyId: 'alias/aws/secretsmanager' }, ofAws],
    [{ kmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:alias/aws/secretsmanager' }, ofAws], [{ kmsKeyId: 'alias/k' }, passed]
  ])
  const environment = { replicaRegions: ['eu-central-1'] }
  const replica = (status: string, region = 'eu-central-1'): { region: string, status: string } => ({ region, status })
  check(t, 'replicas', [
    [{}, undefined], [{}, undefined, { replicas: [] }], [{}, failed('Not in sync, or missing: eu-central-1'), { environment }],
    [{}, passed, { environment, replicas: [replica('InSync')] }], [{}, passed, { replicas: [replica('InSync')] }],
    [{}, failed('Not in sync, or missing: eu-central-1'), { replicas: [replica('Failed'), replica('InProgress', 'us-east-1')] }],
    [{}, unknown('The replication is in progress: us-east-1'), { environment, replicas: [replica('InSync'), replica('InProgress', 'us-east-1')] }],
    [{ primaryRegion: 'eu-central-1' }, undefined, { environment }],
    [{ primaryRegion: 'eu-west-1' }, failed('Not in sync, or missing: eu-central-1'), { environment }]
  ])
  const open = JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*' } })
  check(t, 'public-policy', [
    [{}, passed], [{}, passed, { policy: null }], [{}, passed, { policy: open.replace('Allow', 'Deny') }],
    [{}, failed('The resource policy allows everybody'), { policy: open }], [{}, unknown('The resource policy can\'t be read'), { policy: 'x' }]
  ])
})
