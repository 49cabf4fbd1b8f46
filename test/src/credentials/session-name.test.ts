import fc from 'fast-check'
import t from 'tap'
import { gatewayName, sessionNameOf } from '#src/credentials/session-name'

t.test('a caller is called what its ID is, where AWS takes that', async (t) => {
  for (const id of ['deploy-bot', 'ab', 'Team_A.service@example.com', 'a'.repeat(64)]) t.equal(sessionNameOf(id), id)
})

t.test('what AWS does not take is replaced, and a hash of the whole tells two such callers apart', async (t) => {
  t.match(sessionNameOf('idp:alice'), /^idp-alice-[0-9a-f]{24}$/)
  t.not(sessionNameOf('idp:alice'), sessionNameOf('idp/alice'))
  t.match(sessionNameOf('spiffe://cluster/ns/apps/sa/payments'), /^spiffe---cluster-ns-apps-sa-payments-[0-9a-f]{24}$/)
  t.match(sessionNameOf('a'.repeat(65)), /^a{39}-[0-9a-f]{24}$/)
  t.not(sessionNameOf(`${'a'.repeat(65)}b`), sessionNameOf(`${'a'.repeat(65)}c`))
  t.match(sessionNameOf('a'), /^a-[0-9a-f]{24}$/)
  t.match(sessionNameOf('é'), /^--[0-9a-f]{24}$/)
})

t.test('no caller is called what the gateway is', async (t) => {
  t.match(sessionNameOf(gatewayName), /^secrets-gateway-[0-9a-f]{24}$/)
})

t.test('whatever a caller\'s ID is, AWS takes the name, and it is always the same', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (id) => {
    const name = sessionNameOf(id)
    return /^[\w+=,.@-]{2,64}$/.test(name) && name === sessionNameOf(id) && name !== gatewayName
  }))
})
