import { CreateSecretCommand, DescribeSecretCommand, PutResourcePolicyCommand } from '@aws-sdk/client-secrets-manager'
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import t from 'tap'
import { identityToken, issuer, keysFile } from '#test/web-identity'
import { account, clientOf, start } from './backend.ts'
import { document, everything, keysIn, role, stsOf, trusts } from './sts/world.ts'

const regions = [
  ['aws-cn', 'cn-north-1', 'cn-northwest-1'], ['aws-us-gov', 'us-gov-west-1', 'us-gov-east-1'], ['aws-iso', 'us-iso-east-1', 'us-iso-west-1']
] as const

for (const [partition, region, otherRegion] of regions) {
  const userArn = `arn:${partition}:iam::${account.accountId}:user/gateway`
  const roleArn = `arn:${partition}:iam::${account.accountId}:role/gateway`
  const user = { ...account, accessKeyId: 'AKIAUSER', arn: userArn, identityPolicies: [document(everything)] }

  await t.test(`the ARNs in ${region} belong to ${partition}`, async (t) => {
    const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
    const backend = await start(t, { accounts: [user], kmsKeys: [{ accountId: account.accountId, keyId, aliases: ['alias/mine'] }] })
    const client = clientOf(t, backend, user, region)
    const KmsKeyId = `arn:${partition}:kms:${region}:${account.accountId}:alias/mine`
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'v', KmsKeyId }))
    t.match(ARN, new RegExp(`^arn:${partition}:secretsmanager:${region}:${account.accountId}:secret:a-.{6}$`))
    t.match(await client.send(new DescribeSecretCommand({ SecretId: ARN })), { Name: 'a' })
    await t.rejects(client.send(new DescribeSecretCommand({ SecretId: ARN.replace(partition, 'aws') })), { name: 'ResourceNotFoundException' })

    const policyFor = (arn: string): string => document({ Effect: 'Allow', Principal: { AWS: arn }, Action: 'secretsmanager:GetSecretValue', Resource: '*' })
    const putPolicy = async (arn: string): Promise<unknown> => client.send(new PutResourcePolicyCommand({ SecretId: 'a', ResourcePolicy: policyFor(arn) }))
    for (const arn of [userArn, `arn:${partition}:iam::${account.accountId}:root`, account.accountId]) await t.resolves(putPolicy(arn), arn)
    await t.rejects(putPolicy(userArn.replace(partition, 'aws')), { name: 'MalformedPolicyDocumentException' }, 'a principal of another partition')
    t.match(await client.send(new DescribeSecretCommand({ SecretId: 'a' })), { ARN }, 'the stored policy can be read')
  })

  await t.test(`a secret in ${region} can be replicated within ${partition} only`, async (t) => {
    const client = clientOf(t, await start(t), account, region)
    const replicated = async (Region: string): Promise<unknown> =>
      client.send(new CreateSecretCommand({ Name: Region, SecretString: 'v', AddReplicaRegions: [{ Region }] }))
    t.match(await replicated(otherRegion), { ReplicationStatus: [{ Region: otherRegion, Status: 'InSync' }] })
    await t.rejects(replicated('eu-west-1'), { name: 'InvalidParameterException' })
  })

  await t.test(`sessions of roles in ${partition}`, async (t) => {
    const provider = `arn:${partition}:iam::${account.accountId}:oidc-provider/${issuer.replace('https://', '')}`
    const workload = { Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' }
    const backend = await start(t, {
      accounts: [user],
      roles: [role(roleArn, [trusts(userArn), workload])],
      identityProviders: [{ issuer, keys: keysFile }]
    })
    const request = { RoleArn: roleArn, RoleSessionName: 'ada' }
    const sessionArn = `arn:${partition}:sts::${account.accountId}:assumed-role/gateway/ada`
    const assumed = await stsOf(t, backend, user, region).send(new AssumeRoleCommand(request))
    t.match(await stsOf(t, backend, keysIn(assumed), region).send(new GetCallerIdentityCommand()), { Arn: sessionArn })
    const WebIdentityToken = await identityToken('workload', Date.now())
    const federated = await stsOf(t, backend, user, region).send(new AssumeRoleWithWebIdentityCommand({ ...request, WebIdentityToken }))
    t.match(federated, { Provider: provider, AssumedRoleUser: { Arn: sessionArn } })
  })

  await t.test(`a role in ${partition} can't trust a principal of another partition`, async (t) => {
    const foreign = trusts(userArn.replace(partition, 'aws'))
    await t.rejects(start(t, { roles: [role(roleArn, [foreign])] }), { message: /trust policy of the role .* is malformed/ })
  })
}

await t.test('a region that AWS does not have belongs to the partition aws', async (t) => {
  const client = clientOf(t, await start(t), account, 'moon-west-1')
  t.match(await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'v' })), { ARN: /^arn:aws:secretsmanager:moon-west-1:/ })
})
