/** The part of an IAM statement that says which KMS key it applies to. */
interface KeyStatement {
  readonly Resource: string
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string>>>>
}

interface KeyPlace {
  readonly partition: string
  readonly region: string
  readonly account: string
}

/**
 * Returns the resource and the condition of a statement on a customer managed key, or undefined for `aws/secretsmanager`, which
 * needs no permission. The statement allows the key to be used only through Secrets Manager in the region. A resource can name a
 * key only by its ID, so an alias becomes a condition.
 *
 * @param kmsKeyId the key's ID, its alias, or the ARN of either
 */
export function kmsKeyStatement (kmsKeyId: string, { partition, region, account }: KeyPlace): KeyStatement | undefined {
  const [, owner = account, named = ''] = /^arn:[^:]+:kms:[^:]+:(\d{12}):(.+)$/.exec(kmsKeyId) ?? [undefined, account, kmsKeyId]
  if (named === 'alias/aws/secretsmanager') return undefined
  const alias = named.startsWith('alias/') ? named : undefined
  return {
    Resource: `arn:${partition}:kms:${region}:${owner}:key/${alias === undefined ? named.replace(/^key\//, '') : '*'}`,
    Condition: {
      // The wildcard stands for the domain, which differs between partitions.
      StringLike: { 'kms:ViaService': `secretsmanager.${region}.*` },
      ...alias !== undefined && { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } }
    }
  }
}
