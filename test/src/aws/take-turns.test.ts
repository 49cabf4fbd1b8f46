import { GetRandomPasswordCommand, SecretsManager } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { startDeadline } from '#src/admission/deadline'
import { bindFlight } from '#src/aws/call'
import { takeTurns } from '#src/aws/take-turns'
import { environmentFrom } from '#src/environments/environment'
import { startBackend } from '#test/backends'
import { until } from '#test/until'

t.test('a call waits for its caller\'s turn before it is sent, and before its reply is parsed', async (t) => {
  const backend = await startBackend()
  t.teardown(backend.close)
  const client = new SecretsManager({
    endpoint: backend.url, region: 'eu-west-1', credentials: { accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' }
  })
  t.teardown(() => { client.destroy() })
  const waiting: { callerId: string, begin: () => void }[] = []
  takeTurns(client, {
    iteration: 0,
    wait: async (callerId) => new Promise((resolve) => { waiting.push({ callerId, begin: resolve }) })
  })

  const command = new GetRandomPasswordCommand({ PasswordLength: 8 })
  const deadline = startDeadline(60_000, undefined)
  t.teardown(deadline.end)
  const call = { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'a' }), credentialId: 'a', callerId: 'reader' }
  bindFlight(command.input, { call, deadline, isRead: true, owner: undefined })
  let password: string | undefined
  const reply = client.send(command).then(({ RandomPassword }) => { password = RandomPassword })

  await until(() => waiting.length === 1)
  t.same(backend.awsCalls, [])
  waiting.shift()?.begin()
  await until(() => waiting.length === 1)
  t.same(backend.awsCalls, ['GetRandomPassword'])
  t.match(waiting, [{ callerId: 'reader' }])
  t.equal(password, undefined)
  waiting.shift()?.begin()
  await reply
  t.equal(password?.length, 8)
})
