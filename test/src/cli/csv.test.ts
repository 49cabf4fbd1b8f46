import t from 'tap'
import { csvLine } from '#src/cli/csv'

t.test('no cell is a formula, whether the separator is a comma or a semicolon', async (t) => {
  t.equal(csvLine(['a', 1, true, 'b,c', 'say "x"']), 'a,1,true,"b,c","say ""x"""')
  t.equal(csvLine(['=1', '+1', '-1', '@a']), '\'=1,\'+1,\'-1,\'@a')
  t.equal(csvLine(['a-b', 'a=1', '5@a']), 'a-b,a=1,5@a', 'only the beginning makes a formula')
  t.equal(csvLine(['a;b']), '"a;b"')
  t.equal(csvLine(['a;=1;"@b";c', 'd']), '"a;\'=1;\'""@b"";c",d')
})
