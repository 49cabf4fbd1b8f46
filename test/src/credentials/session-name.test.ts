import fc from 'fast-check'
import t from 'tap'
import { gatewayName, sessionNameOf } from '#src/credentials/session-name'

t.test('the caller ID is the session name if AWS accepts it', async (t) => {
  for (const id of ['deploy-bot', 'ab', 'Team_A.service@example.com', 'a'.repeat(64)]) t.equal(sessionNameOf(id), id)
})

t.test('disallowed characters are replaced, and a hash makes the name unique', async (t) => {
  t.match(sessionNameOf('idp:alice'), /^idp-alice-[0-9a-f]{24}$/)
  t.not(sessionNameOf('idp:alice'), sessionNameOf('idp/alice'))
  t.match(sessionNameOf('spiffe://cluster/ns/apps/sa/payments'), /^spiffe---cluster-ns-apps-sa-payments-[0-9a-f]{24}$/)
  t.match(sessionNameOf('a'.repeat(65)), /^a{39}-[0-9a-f]{24}$/)
  t.not(sessionNameOf(`${'a'.repeat(65)}b`), sessionNameOf(`${'a'.repeat(65)}c`))
  t.match(sessionNameOf('a'), /^a-[0-9a-f]{24}$/)
  t.match(sessionNameOf('é'), /^--[0-9a-f]{24}$/)
})

t.test('no caller gets the gateway\'s name', async (t) => {
  t.match(sessionNameOf(gatewayName), /^secrets-gateway-[0-9a-f]{24}$/)
})

t.test('for any caller ID, AWS accepts the name, and it is deterministic', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (id) => {
    const name = sessionNameOf(id)
    return /^[\w+=,.@-]{2,64}$/.test(name) && name === sessionNameOf(id) && name !== gatewayName
  }))
})
