const quoted = String.raw`(?:\`(?:[^\`]|\`\`)*\`|'(?:[^'\\]|''|\\.)*')`

/** `GRANT … TO account`. MariaDB also shows the account's password and TLS requirement, which the new account already has. */
const grant = new RegExp(`^(GRANT .+ TO )${quoted}(?:@${quoted})?(?: IDENTIFIED .+?)?(?: REQUIRE .+?)?( WITH (?:GRANT|ADMIN) OPTION)?$`, 's')

/** Matches the grants that `SHOW GRANTS` shows even for accounts without any rights. */
const ofEveryAccount = /^GRANT (?:USAGE|PROXY) ON /

/**
 * Returns the statements that give an account the rights of another.
 *
 * @param account the account's name, quoted
 * @param shown the statements that `SHOW GRANTS` shows for the other account
 * @throws Error if a statement has an unknown form, because ignoring it could leave the account without a right
 */
export function grantsFor (account: string, shown: readonly string[]): string[] {
  return shown.filter((statement) => !ofEveryAccount.test(statement)).map((statement) => {
    const defaultRole = /^(SET DEFAULT ROLE .+ FOR )/s.exec(statement)
    if (defaultRole !== null) return `${defaultRole[1]}${account}`
    const [, start, option = ''] = grant.exec(statement) ?? []
    if (start === undefined) throw new Error('The server shows a right in a form that is unknown')
    return `${start}${account}${option}`
  })
}

/** Returns the TLS requirement of an account, such as `SSL`, from the output of `SHOW CREATE USER`. */
export function tlsRequirement (definition: string): string {
  const text = String.raw`'(?:[^'\\]|''|\\.)*'`
  const [, requirement = 'NONE'] = new RegExp(` REQUIRE (NONE|SSL|X509|(?:(?:ISSUER|SUBJECT|CIPHER) ${text} ?(?:AND )?)+)`).exec(definition) ?? []
  return requirement.trim()
}
