import t from 'tap'
import { grantsFor, tlsRequirement } from '../../../rotators/databases/mysql-grants.ts'

const account = '\'app_clone\'@\'%\''

t.test('an account gets the rights of another account', async (t) => {
  const rows: Record<string, string | undefined> = {
    'GRANT USAGE ON *.* TO `app`@`%`': undefined,
    'GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD \'*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19\' REQUIRE SSL': undefined,
    'GRANT PROXY ON ``@`%` TO `app`@`%` WITH GRANT OPTION': undefined,
    'GRANT SELECT, INSERT ON `shop`.* TO `app`@`%`': `GRANT SELECT, INSERT ON \`shop\`.* TO ${account}`,
    'GRANT SELECT (`id`, `to`) ON `shop`.`a TO b` TO `app`@`%`': `GRANT SELECT (\`id\`, \`to\`) ON \`shop\`.\`a TO b\` TO ${account}`,
    'GRANT ALL PRIVILEGES ON *.* TO `a``p`@`10.0.0.%` IDENTIFIED BY PASSWORD \'*2470\' WITH GRANT OPTION': `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION`,
    'GRANT EXECUTE ON PROCEDURE `shop`.`sell` TO \'app\'@\'%\'': `GRANT EXECUTE ON PROCEDURE \`shop\`.\`sell\` TO ${account}`,
    'GRANT `readers`@`%`,`writers`@`%` TO `app`@`%` WITH ADMIN OPTION': `GRANT \`readers\`@\`%\`,\`writers\`@\`%\` TO ${account} WITH ADMIN OPTION`,
    'SET DEFAULT ROLE `readers` FOR `app`@`%`': `SET DEFAULT ROLE \`readers\` FOR ${account}`
  }
  for (const [shown, expected] of Object.entries(rows)) t.same(grantsFor(account, [shown]), expected === undefined ? [] : [expected], shown)
})

t.test('an unknown form is an error, because the account would lack a right', async (t) => {
  for (const shown of ['REVOKE SELECT ON `shop`.* FROM `app`@`%`', 'GRANT SELECT ON `shop`.* TO `app`@`%` AS `root`@`%`']) {
    t.throws(() => grantsFor(account, [shown]), { message: 'The server shows a right in a form that is unknown' })
  }
})

t.test('the account gets the same TLS requirement', async (t) => {
  const rows: Record<string, string> = {
    'CREATE USER `app`@`%` IDENTIFIED BY PASSWORD \'*2470\'': 'NONE',
    'CREATE USER `app`@`%` IDENTIFIED WITH \'caching_sha2_password\' AS \'$A$005\' REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK': 'NONE',
    'CREATE USER `app`@`%` REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 1': 'SSL',
    'CREATE USER `app`@`%` REQUIRE X509': 'X509',
    'CREATE USER `app`@`%` REQUIRE SUBJECT \'/CN=it\'\'s\' ISSUER \'/CN=ca\' CIPHER \'AES\' PASSWORD EXPIRE': 'SUBJECT \'/CN=it\'\'s\' ISSUER \'/CN=ca\' CIPHER \'AES\''
  }
  for (const [definition, expected] of Object.entries(rows)) t.equal(tlsRequirement(definition), expected, definition)
})
