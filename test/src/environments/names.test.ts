import fc from 'fast-check'
import t from 'tap'
import { environmentFrom } from '#src/environments/environment'
import { fromAwsName, toAwsName } from '#src/aws/names'
import { isSecretName, newNameMistake, parseSecretName } from '#src/environments/names'
import { build } from '#test/helper'

const prefixes = ['dev/', '', 'a.b/', 'x'.repeat(256)]
const environments = prefixes.map((namePrefix) => environmentFrom('dev', { region: 'eu-west-1', credential: 'c', namePrefix }))

const character = fc.constantFrom(...'abcXYZ019_+=.@-')
const segment = fc.string({ unit: character, minLength: 1, maxLength: 30 }).filter((text) => text !== '.' && text !== '..')
const name = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => segments.join('/'))
const environment = fc.constantFrom(...environments)

t.test('a name survives the conversion to an AWS name and back', async (t) => {
  fc.assert(fc.property(environment, name, (environment, text) => {
    const parsed = parseSecretName(environment, text)
    if (!('name' in parsed)) return false
    const awsName = toAwsName(environment, parsed.name)
    return awsName === environment.namePrefix + text && awsName.length <= 512 && fromAwsName(environment, awsName) === text
  }), { numRuns: 2_000 })
  t.pass()
})

t.test('an AWS name without the prefix is not a secret of the environment', async (t) => {
  fc.assert(fc.property(environment, name, (environment, text) =>
    text.startsWith(environment.namePrefix) || fromAwsName(environment, text) === undefined), { numRuns: 2_000 })
  t.equal(fromAwsName(environments[0] as (typeof environments)[0] & object, 'development/a'), undefined)
  t.pass()
})

t.test('the validation agrees with a reference implementation', async (t) => {
  const isExpected = (text: string): boolean => text.length <= 512 && text.split('/').every((part) =>
    part !== '' && part !== '.' && part !== '..' && [...part].every((one) => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=.@!-'.includes(one)))
  const text = fc.oneof(fc.string({ unit: fc.constantFrom(...'ab./-!:% \n\u0000é'), maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 8 }), name)
  fc.assert(fc.property(text, (text) => isSecretName(text) === isExpected(text)), { numRuns: 5_000 })
  t.pass()
})

t.test('only names with an exclamation mark are reserved for AWS services', async (t) => {
  const text = fc.oneof(name, fc.tuple(name, name).map(([one, other]) => `${one}!${other}`), name.map((one) => `!${one}`))
  fc.assert(fc.property(text.filter(isSecretName), (text) => (newNameMistake(text) !== undefined) === text.includes('!')))
  t.pass()
})

t.test('a name and its prefix have at most 512 characters', async (t) => {
  for (const environment of environments) {
    const room = 512 - environment.namePrefix.length
    t.ok('name' in parseSecretName(environment, 'n'.repeat(room)))
    t.match(parseSecretName(environment, 'n'.repeat(room + 1)), { mistake: `must NOT have more than ${room} characters in this environment` })
  }
})

t.test('over HTTP, every name reaches AWS unchanged', async (t) => {
  const gateway = await build(t)
  await fc.assert(fc.asyncProperty(name.filter((text) => text.length <= 508), async (text) => {
    const path = `/environments/dev/secrets/${encodeURIComponent(text)}`
    const written = await gateway.send('PUT', path, { json: { value: text } })
    const aws = await gateway.aws('AKIADEV').getSecretValue({ SecretId: `dev/${text}` })
    const read = await gateway.send('GET', path)
    return written.status < 300 && aws.SecretString === text && read.json.value === text && read.json.name === text
  }), { numRuns: 50 })
  const longest = 'a/'.repeat(253) + 'ab'
  const path = `/environments/dev/secrets/${encodeURIComponent(longest)}`
  t.equal((await gateway.send('PUT', path, { json: { value: 'v' } })).status, 201)
  t.equal((await gateway.send('GET', path)).json.name, longest)
  t.equal((await gateway.aws('AKIADEV').getSecretValue({ SecretId: `dev/${longest}` })).SecretString, 'v')
})
