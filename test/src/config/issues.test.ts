import type { ErrorObject } from 'ajv'
import t from 'tap'
import { issueFrom } from '#src/config/issues'

t.test('a pattern is described by its meaning, but not by a full sentence from the documentation', async (t) => {
  const expectedWith = (description: string): string => issueFrom({
    keyword: 'pattern', instancePath: '/name', schemaPath: '', params: { pattern: '^a$' }, data: 'b', parentSchema: { description }
  } satisfies ErrorObject).expected
  t.equal(expectedWith('the letter a'), 'the letter a')
  t.equal(expectedWith('The name of the letter.'), 'a string that matches ^a$')
})
