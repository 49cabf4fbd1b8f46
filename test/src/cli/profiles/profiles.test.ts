import t from 'tap'
import { isPrivate, namesFor, profileName, profileNamed, urlFrom, type Profiles } from '#src/cli/profiles/profiles'

t.test('the URL of a gateway has one spelling', async (t) => {
  for (const [text, url] of [
    ['https://secrets.example.com', 'https://secrets.example.com'], ['HTTPS://Secrets.Example.com:443/', 'https://secrets.example.com'],
    ['http://localhost:3000/base//', 'http://localhost:3000/base'], ['http://h/a/b', 'http://h/a/b'],
    ['secrets.example.com', undefined], ['ftp://h', undefined], ['xhttp://h', undefined], ['https://h?q', undefined], ['https://h#f', undefined],
    ['https://u@h', undefined], ['https://:p@h', undefined], ['', undefined]
  ] as const) t.equal(urlFrom(text), url, text)
})

t.test('only HTTPS and this machine are private', async (t) => {
  for (const url of ['https://h', 'http://localhost:1', 'http://[::1]:1', 'http://127.0.0.1', 'http://127.9.9.9']) t.equal(isPrivate(url), true, url)
  for (const url of ['http://h', 'http://128.0.0.1', 'http://127.0.0.1.example.com', 'http://[::2]', 'ftp://h', 'http://localhost.example.com']) t.equal(isPrivate(url), false, url)
})

t.test('the names of profiles', async (t) => {
  for (const name of ['a', 'A9', `9${'x'.repeat(62)}`, 'a.b-c_d']) t.equal(profileName(name), name)
  for (const name of ['', '.a', '-a', '_a', 'a b', 'a\n', `9${'x'.repeat(63)}`]) t.throws(() => profileName(name), { name: 'WrongUsage' }, name)
  const at = (url: string): Profiles['profiles'][string] => ({ url, credential: { kind: 'token', token: 'x' } })
  const profiles: Profiles = { current: 'c', profiles: { a: at('https://h'), b: at('https://other'), c: at('https://h'), d: at('https://h') } }
  t.same(namesFor(profiles, 'https://h'), ['c', 'a', 'd'], 'the current one comes first')
  t.same(namesFor({ profiles: profiles.profiles }, 'https://h'), ['a', 'c', 'd'])
  t.equal(profileNamed(profiles, 'constructor'), undefined)
})
