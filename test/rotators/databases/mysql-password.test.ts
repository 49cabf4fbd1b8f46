import t from 'tap'
import { authentication } from '../../../rotators/databases/mysql-password.ts'

t.test('MariaDB gets the hash that it would store, and MySQL the password', async (t) => {
  const hash = '\'*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19\''
  t.same(authentication('10.11.19-MariaDB-log', 'password'), { string: hash, clause: `IDENTIFIED BY PASSWORD ${hash}` })
  t.same(authentication('8.4.3', 'it\'s'), { string: '\'it\\\'s\'', clause: 'IDENTIFIED BY \'it\\\'s\'' })
})
