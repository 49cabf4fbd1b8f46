import { readFileSync } from 'node:fs'
import type { IdentityProvider, Role } from './server.ts'
import { WrongUsage } from './wrong-usage.ts'

/** Parses `--role ARN=TRUST[,POLICY…]` and reads the files that it names. */
export function roleIn (text: string): Role {
  const [, arn, files] = /^(arn:[^=\s]+)=([^=]+)$/.exec(text) ?? []
  if (arn === undefined || files === undefined) {
    throw new WrongUsage('--role must be the ARN of a role, =, the file of its trust policy, and perhaps files of its identity policies with commas between')
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
    throw new WrongUsage('--identity-provider must be the URL of an issuer, =, the URL or the file of its keys, and perhaps audiences with commas between')
  }
  return { issuer, keys, ...audiences !== undefined && { audiences: audiences.split(',') } }
}
