import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import type { IamPolicy } from '#src/iam/policy'
import { exampleIn } from '#test/examples'
import { secretsctl, type Outcome } from '#test/secretsctl'

const account = '111122223333'

/** A configuration file with two environments: the one in the documentation, and one with as few settings as possible. */
function configuration (t: Test, change: object = {}): string {
  const file = {
    environments: {
      prod: { region: 'eu-west-1', account, credential: 'gateway', kmsKeyId: 'alias/prod', replicaRegions: ['eu-central-1'] },
      dev: { region: 'eu-west-1', credential: 'gateway' }
    },
    credentials: { gateway: { kind: 'default-chain' } },
    cache: { events: [{ queueUrl: `https://sqs.eu-west-1.amazonaws.com/${account}/secrets`, region: 'eu-west-1', credential: 'gateway' }] },
    authentication: {},
    authorization: { policies: '.' },
    ...change
  }
  return join(t.testdir({ 'gateway.yaml': JSON.stringify(file), 'all.cedar': '@id("all") permit (principal, action, resource);' }), 'gateway.yaml')
}

const policyFor = async (file: string, ...args: string[]): Promise<Outcome> => secretsctl({ url: '' }, ['iam-policy', '--config', file, ...args])

t.test('iam-policy prints the policy in the documentation', async (t) => {
  const { status, stdout, stderr } = await policyFor(configuration(t), '--environment', 'prod')
  t.equal(status, 0)
  t.equal(stdout, exampleIn('docs/aws.md', 'policy: secrets'))
  t.match(stderr, /^note: .*--rotation-function\n$/)
})

t.test('iam-policy prints the permissions for some actions', async (t) => {
  const lambda = `arn:aws:lambda:eu-west-1:${account}:function:rotate`
  const file = configuration(t)
  const { status, stdout, stderr } = await policyFor(file, '--environment', 'dev', '--actions', 'GetSecretValue,rotate', '--actions', 'ConfigureRotation', '--rotation-function', lambda, '--rotation-function', `${lambda}-2`)
  t.equal(status, 0)
  const { Statement } = JSON.parse(stdout) as IamPolicy
  t.strictSame(Statement.map(({ Sid, Action, Resource }) => [Sid, Action.join(), [Resource].flat().join()]), [
    ['Read', 'secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-west-1:*:secret:dev/*'],
    ['Rotate', 'secretsmanager:CancelRotateSecret,secretsmanager:RotateSecret', 'arn:aws:secretsmanager:eu-west-1:*:secret:dev/*'],
    ['InvokeRotationFunction', 'lambda:InvokeFunction', `${lambda},${lambda}-2`],
    ['ReceiveEvents', 'sqs:DeleteMessage,sqs:ReceiveMessage', `arn:aws:sqs:eu-west-1:${account}:secrets`]
  ])
  t.equal(stderr, 'note: The configuration does not say which account dev is in, so the ARNs name all: set environments.dev.account\n')
})

t.test('iam-policy prints JSON unless --output chooses YAML', async (t) => {
  const file = configuration(t)
  const printed = async (...options: string[]): Promise<string> => (await policyFor(file, '--environment', 'prod', ...options)).stdout
  const json = await printed()
  for (const options of [['--json'], ['-o', 'json'], ['-o', 'table']]) t.equal(await printed(...options), json, options.join(' '))
  t.strictSame(parse(await printed('-o', 'yaml')), JSON.parse(json))
  t.match(await policyFor(file, '--environment', 'prod', '-o', 'env'), { status: 2, stdout: '' })
})

t.test('iam-policy refuses unknown names', async (t) => {
  const file = configuration(t)
  for (const [args, status, message] of [
    [['--environment', 'test'], 2, /no environment 'test', only: prod, dev/],
    [['--environment', '..'], 2, /not a valid environment name/],
    [['--environment', 'prod', '--actions', 'GetSecretValue,reads'], 2, /reads is neither an action nor one of the groups/],
    [['--environment', 'prod', '--rotation-function', 'rotate'], 2, /Must be the ARN of a function/],
    [['--environment', 'prod', '--actions', 'DescribeEnvironment', '--config', join(file, '..', 'all.cedar')], 1, /YAML/],
    [[], 2, /--environment/]
  ] as const) {
    const outcome = await policyFor(file, ...args)
    t.equal(outcome.status, status, args.join(' '))
    t.match(outcome.stderr, message)
    t.equal(outcome.stdout, '')
  }
})

t.test('actions that call nothing in AWS have no policy', async (t) => {
  const file = configuration(t, { cache: {} })
  const { status, stdout, stderr } = await policyFor(file, '--environment', 'prod', '--actions', 'DescribeCredential,DescribeEnvironment')
  t.equal(status, 1)
  t.equal(stdout, '')
  t.match(stderr, 'need no policy')
})
