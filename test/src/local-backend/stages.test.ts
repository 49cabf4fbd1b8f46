import { randomUUID } from 'node:crypto'
import {
  CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, PutSecretValueCommand, TagResourceCommand, UntagResourceCommand,
  UpdateSecretVersionStageCommand
} from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { clientOf, start } from './backend.ts'

const client = clientOf(t, await start(t))

/** Creates a secret with three versions. The first has no label, the second has AWSPREVIOUS, and the third has AWSCURRENT. */
async function create (): Promise<{ SecretId: string, first: string, second: string, third: string }> {
  const SecretId = `stages/${randomUUID()}`
  const { VersionId: first = '' } = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'v1' }))
  const put = async (SecretString: string) => (await client.send(new PutSecretValueCommand({ SecretId, SecretString }))).VersionId ?? ''
  return { SecretId, first, second: await put('v2'), third: await put('v3') }
}

const move = (SecretId: string, VersionStage: string, MoveToVersionId?: string, RemoveFromVersionId?: string) =>
  client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }))
const labels = async (SecretId: string) => (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages
const refused = (message: string | RegExp) => ({ name: 'InvalidParameterException', message })

await t.test('AWSCURRENT moves away from the named version, and AWSPREVIOUS follows', async (t) => {
  const { SecretId, first, second, third } = await create()
  const moved = await move(SecretId, 'AWSCURRENT', first, third)
  t.match(moved, { Name: SecretId, ARN: /^arn:/ })
  t.strictSame(await labels(SecretId), { [first]: ['AWSCURRENT'], [third]: ['AWSPREVIOUS'] })
  await t.rejects(move(SecretId, 'AWSCURRENT', second, third), refused(/is not attached to version/), 'another version has the label by now')
  t.strictSame(await labels(SecretId), { [first]: ['AWSCURRENT'], [third]: ['AWSPREVIOUS'] }, 'a rejected request changes nothing')
})

await t.test('AWS\'s messages for a label that would be moved without naming its version, or lost', async (t) => {
  const { SecretId, first, third } = await create()
  await t.rejects(move(SecretId, 'AWSCURRENT', first), refused(`The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${third}, so you must explicitly reference that version in RemoveFromVersionId.`))
  await t.rejects(move(SecretId, 'AWSCURRENT', undefined, third), refused('You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.'))
  await t.rejects(move(SecretId, 'AWSCURRENT'), refused(/MoveToVersionId, RemoveFromVersionId, or both/))
  await move(SecretId, 'AWSCURRENT', third)
  t.match(await labels(SecretId), { [third]: ['AWSCURRENT'] }, 'moving a label to its own version changes nothing')
})

await t.test('a custom label', async (t) => {
  const { SecretId, first, second } = await create()
  await move(SecretId, 'blue', first)
  await t.rejects(move(SecretId, 'blue', second), refused(/RemoveFromVersionId can't be empty/))
  await move(SecretId, 'blue', second, first)
  t.strictSame((await labels(SecretId))?.[second], ['AWSPREVIOUS', 'blue'])
  await move(SecretId, 'blue', undefined, second)
  t.strictSame((await labels(SecretId))?.[second], ['AWSPREVIOUS'])
  await t.rejects(move(SecretId, 'blue', undefined, second), refused(/is not attached/))
})

await t.test('missing versions and secrets', async (t) => {
  const { SecretId, first } = await create()
  const none = randomUUID()
  const notFound = { name: 'ResourceNotFoundException', message: `Secrets Manager can't find the specified secret value for VersionId: ${none}` }
  await t.rejects(move(SecretId, 'blue', none), notFound)
  await t.rejects(move(SecretId, 'blue', first, none), notFound)
  await t.rejects(move('stages/none', 'blue', first), { name: 'ResourceNotFoundException' })
  await client.send(new DeleteSecretCommand({ SecretId }))
  await t.rejects(move(SecretId, 'blue', first), { name: 'InvalidRequestException', message: /marked for deletion/ })
})

await t.test('tags are detached by key, and an empty list remains', async (t) => {
  const { SecretId } = await create()
  const tags = async () => (await client.send(new DescribeSecretCommand({ SecretId }))).Tags
  const untag = (...TagKeys: string[]) => client.send(new UntagResourceCommand({ SecretId, TagKeys }))
  t.equal(await tags(), undefined)
  await client.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] }))
  await untag('a', 'none')
  t.strictSame(await tags(), [{ Key: 'b', Value: '2' }])
  await untag('b')
  t.strictSame(await tags(), [])
  await t.rejects(untag('aws:x'), refused('You can\'t modify system tags. Tag key: \'aws:x\'.'))
  await t.rejects(client.send(new UntagResourceCommand({ SecretId: 'stages/none', TagKeys: ['a'] })), { name: 'ResourceNotFoundException' })
})
