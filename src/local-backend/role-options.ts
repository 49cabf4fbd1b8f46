import { readFileSync } from 'node:fs'
import { WrongUsage } from '#src/command-line/wrong-usage'
import type { IdentityProvider, Role } from './server.ts'

/** Parses `--role ARN=TRUST[,POLICY…]` and reads the policy files that the option names. */
export function roleIn (text: string): Role {
  const [, arn, files] = /^(arn:[^=\s]+)=([^=]+)$/.exec(text) ?? []
  if (arn === undefined || files === undefined) {
    throw new WrongUsage('--role must be ARN=TRUST[,POLICY…], with the ARN of a role and the files of its policies')
  }
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      throw new Error(`The policy ${file} of the role ${arn} can't be read (${String(error)})`, { cause: error })
    }
  }
  const [trustPolicy = '', ...identityPolicies] = files.split(',').map(read)
  return { arn, trustPolicy, identityPolicies }
}

/** Parses `--identity-provider ISSUER=KEYS[,AUDIENCE…]`. */
export function identityProviderIn (text: string): IdentityProvider {
  const [, issuer, keys, audiences] = /^(https?:\/\/[^=\s]+)=([^,]+)(?:,(\S+))?$/.exec(text) ?? []
  if (issuer === undefined || keys === undefined) {
    throw new WrongUsage('--identity-provider must be ISSUER=KEYS[,AUDIENCE…], with the URL of the issuer, and the URL or the file of its keys')
  }
  return { issuer, keys, ...audiences !== undefined && { audiences: audiences.split(',') } }
}
