import t from 'tap'
import { actionNames, isAction } from '#src/authorization/actions'

t.test('only the names in the table are actions', async (t) => {
  t.ok(actionNames.length > 20)
  for (const name of actionNames) t.ok(isAction(name), name)
  for (const name of [undefined, '', 'Public', 'Own', 'read', 'getsecretvalue', 'GetSecretValue ', 'toString', '__proto__', 'constructor']) {
    t.notOk(isAction(name), String(name))
  }
})
