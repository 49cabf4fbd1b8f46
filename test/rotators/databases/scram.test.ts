import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { scramSha256 } from '../../../rotators/databases/scram.ts'

/** The example exchange of RFC 7677, section 3, for a user with the password `pencil`. */
const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const salt = 'W22ZaJ0SNY7soEsUEjb6gQ=='
const authMessage = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt},i=4096,c=biws,r=${nonce}`
const clientProof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64')
const serverSignature = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

t.test('the verifier matches the example exchange of RFC 7677', async (t) => {
  const [, saltAndRounds = '', keys = ''] = scramSha256('pencil', Buffer.from(salt, 'base64')).split('$')
  t.equal(saltAndRounds, `4096:${salt}`)
  const [storedKey = Buffer.of(), serverKey = Buffer.of()] = keys.split(':').map((key) => Buffer.from(key, 'base64'))
  t.equal(createHmac('sha256', serverKey).update(authMessage).digest('base64'), serverSignature)
  const clientSignature = createHmac('sha256', storedKey).update(authMessage).digest()
  const clientKey = clientProof.map((byte, index) => byte ^ (clientSignature[index] ?? 0))
  t.same(createHash('sha256').update(clientKey).digest(), storedKey)
})

t.test('every verifier has a new salt', async (t) => {
  t.not(scramSha256('pencil'), scramSha256('pencil'))
})
