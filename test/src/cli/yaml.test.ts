import t from 'tap'
import { yamlFrom } from '#src/cli/yaml'

t.test('numbers keep their text', async (t) => {
  for (const number of ['0', '-0', '-0.0', '1.0', '1.10', '81111e1', '1E+400', '12345678901234567890', '0.1234567890123456789', '!!int "31"']) {
    t.equal(JSON.stringify(yamlFrom(`- ${number}`)), `[${number.replace(/^!!int "|"$/g, '')}]`, number)
  }
})

t.test('refuses what is a number or a date in some version of YAML, but not in JSON', async (t) => {
  const ambiguous = [
    '010', '08', '00', '0x1F', '-0X1f', '0o17', '0b101', '1_000', '0x_1F', '1__0.5', '.5', '5.', '+1', '-.5e3', '.inf', '-.INF', '.NaN',
    '12:30', '12:30:45', '22:22', '190:20:30.15', '2026-11-30', '2026-1-2', '2026-11-30T10:00:00Z', '2026-11-30 10:00:00.5 +01:00'
  ]
  for (const text of ambiguous) {
    const expected = { name: 'CommandFailure', message: /^Line 3, column 8 of the file: JSON has no such number or date\. Put it in quotes/ }
    t.throws(() => yamlFrom(`a: 1\nlist:\n  - b: ${text}`), expected, text)
    t.throws(() => yamlFrom(`{\n${text}: b }`), { message: /^Line 2, column 1 of the file: JSON has no such number or date/ }, `${text} as a key`)
    for (const quoted of [`"${text}"`, `'${text}'`, `!!str ${text}`]) t.same(yamlFrom(`- ${quoted}`), [text], quoted)
  }
})

t.test('accepts text that only resembles a number or a date', async (t) => {
  for (const text of ['v1', '1.2.3', '10.0.0.1', '0123abc', '0f', '0xzz', '1e', '_1', 'e5', 'face', '8080:80', '2026-11', '1-2', 'inf', '1 000']) {
    t.same(yamlFrom(`- ${text}`), [text], text)
  }
})

t.test('keys become text, and each key may occur only once', async (t) => {
  t.equal(JSON.stringify(yamlFrom('a: { 8080: x, 1.10: y, -0: z }')), '{"a":{"8080":"x","1.10":"y","-0":"z"}}')
  for (const [text, message] of [
    ['{ 1: x, "1": y }', /^Line 1, column 9 of the file: The same key occurs twice/],
    ['{ true: x }', /^Line 1, column 3 of the file: A key must be text: put it in quotes/],
    ['~: x', /A key must be text/],
    ['? [a]\n: x', /^Line 1, column 3 of the file: A key must be text/]
  ] as const) t.throws(() => yamlFrom(text), { message }, text)
})

t.test('refuses YAML 1.1, in which other words are numbers, dates and booleans', async (t) => {
  t.throws(() => yamlFrom('%YAML 1.1\n---\na: yes'), { message: 'The file is YAML 1.1, which is not accepted: remove the directive %YAML' })
  t.same(yamlFrom('%YAML 1.2\n---\na: yes'), { a: 'yes' })
})
