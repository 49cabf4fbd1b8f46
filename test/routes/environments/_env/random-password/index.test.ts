import t from 'tap'
import { build } from '#test/helper'

const path = '/environments/dev/random-password'

t.test('getRandomPassword', async (t) => {
  const gateway = await build(t)
  const password = async (query = ''): Promise<string> => (await gateway.send('GET', path + query)).json.randomPassword

  t.equal((await password()).length, 32)
  t.not(await password(), await password())
  t.match(await password('?length=20&excludePunctuation=true&excludeUppercase=true&excludeNumbers=true'), /^[a-z]{20}$/)
  t.notMatch(await password('?length=200&excludeCharacters=abc'), /[abc]/)
  t.match(await password('?length=12&excludePunctuation=true&excludeLowercase=true&excludeUppercase=true&includeSpace=true'), /^[0-9 ]{12}$/)
  for (const query of ['length=0', 'length=4097', 'length=x', 'excludeNumbers=yes', 'size=1']) {
    t.match(await gateway.send('GET', `${path}?${query}`), { status: 400 }, query)
  }
  t.match(await gateway.send('GET', `${path}?length=3`), { status: 422, json: { code: 'aws-refused', detail: /too short/ } })
})
